import { WebhookError } from "@diffio-webhooks/core";
import { PATH, type SignedDelivery, forged, signed } from "@diffio-webhooks/test-support/deliveries";
import { recorder } from "@diffio-webhooks/test-support/recorder";
import { SECRET } from "@diffio-webhooks/test-support/signing";
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from "fastify";
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from "vitest";
import { type FastifyPlatform, type FastifyWebhooksOptions, diffioWebhooks } from "../src/index.ts";

function createApp(options: FastifyServerOptions = {}): FastifyInstance {
  const app = fastify(options);
  onTestFinished(async () => {
    await app.close();
  });
  return app;
}

/** Delivers by `app.inject`, as far as the reply. */
async function deliver(
  app: FastifyInstance,
  { headers, body }: SignedDelivery,
  url: string = PATH,
): Promise<{ status: number; body: unknown }> {
  const reply = await app.inject({ method: "POST", url, headers, payload: body });
  return { status: reply.statusCode, body: reply.json() };
}

const RECEIVED = { status: 200, body: { received: true } };
const FORGED = { status: 400, body: { error: "no_matching_signature" } };

async function idle(app: FastifyInstance): Promise<void> {
  await Promise.all([...(app.diffioWebhooks?.values() ?? [])].map((receiver) => receiver.idle()));
}

describe("deliveries by app.inject", () => {
  test("are answered, and their callbacks run", async () => {
    const { runs, options } = recorder();
    const app = createApp();
    await app.register(diffioWebhooks, { path: PATH, ...options });
    const delivery = signed();
    expect(await deliver(app, delivery)).toEqual(RECEIVED);
    expect(await deliver(app, forged())).toEqual(FORGED);
    await idle(app);
    expect(runs).toEqual([delivery.messageId]);
  });

  test.each(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY", "PROPFIND"] as const)(
    "%s → 405",
    async (method) => {
      const { runs, options } = recorder();
      const app = createApp();
      if (method === "PROPFIND") app.addHttpMethod(method, { hasBody: true });
      await app.register(diffioWebhooks, { path: PATH, ...options });
      const { headers, body } = signed();
      const withBody = method === "PUT" || method === "DELETE" || method === "PROPFIND";
      const reply = await app.inject({
        method: method as "PUT",
        url: PATH,
        headers,
        ...(withBody && { payload: body }),
      });
      expect({ status: reply.statusCode, allow: reply.headers["allow"] }).toEqual({
        status: 405,
        allow: "POST",
      });
      expect(runs).toEqual([]);
    },
  );

  test.each([
    "",
    ";",
    "application/json; charset=",
    "text/html;;;=",
    "\u0001",
    "a/b/c",
    "application/json,x",
  ])("content type %j", async (contentType) => {
    const { options } = recorder();
    const app = createApp();
    await app.register(diffioWebhooks, { path: PATH, ...options });
    expect(await deliver(app, signed(undefined, { contentType }))).toEqual(RECEIVED);
    expect(
      await deliver(app, { ...forged(), headers: { ...forged().headers, "content-type": contentType } }),
    ).toEqual(FORGED);
  });

  test("a callback finds request and reply as its platform, and the bytes as they were signed", async () => {
    const seen: unknown[] = [];
    const app = createApp();
    let given: unknown[] = [];
    app.addHook("onRequest", async (request, reply) => {
      given = [request, reply];
    });
    await app.register(diffioWebhooks, {
      path: "/tenants/:tenant",
      signingSecret: SECRET,
      on: {
        "generation.completed": (_event, { platform, rawBody }) =>
          void seen.push(
            platform?.request,
            platform?.reply,
            platform?.request.params,
            Buffer.from(rawBody).toString(),
          ),
      },
    });
    const delivery = signed();
    expect(await deliver(app, delivery, "/tenants/t1")).toEqual(RECEIVED);
    await idle(app);
    expect(seen).toHaveLength(4);
    expect(seen[0]).toBe(given[0]);
    expect(seen[1]).toBe(given[1]);
    expect(seen.slice(2)).toEqual([{ tenant: "t1" }, delivery.body]);
  });

  test("the signingSecret function is given the same", async () => {
    const { runs, options } = recorder();
    const app = createApp();
    await app.register(diffioWebhooks, {
      ...options,
      path: "/:tenant",
      signingSecret: ({ request }) => ({ a: SECRET })[(request.params as { tenant: "a" }).tenant],
    });
    const delivery = signed();
    expect(await deliver(app, delivery, "/b")).toEqual({
      status: 500,
      body: { error: "secret_unavailable" },
    });
    expect(await deliver(app, delivery, "/a")).toEqual(RECEIVED);
    await idle(app);
    expect(runs).toEqual([delivery.messageId]);
  });
});

describe("limits", () => {
  test("maxBodyBytes counts, not the app's own bodyLimit, in both directions", async () => {
    const { options } = recorder();
    const app = createApp({ bodyLimit: 300 });
    await app.register(diffioWebhooks, { path: "/default", ...options });
    await app.register(diffioWebhooks, { path: "/small", ...options, maxBodyBytes: 100 });
    app.post("/sibling", () => "taken");
    const delivery = signed(signed().body.padEnd(2000));
    expect(await deliver(app, delivery, "/default")).toEqual(RECEIVED);
    expect(await deliver(app, signed("x".repeat(101)), "/small")).toEqual({
      status: 413,
      body: { error: "body_too_large" },
    });
    const sibling = await app.inject({ method: "POST", url: "/sibling", payload: { x: "x".repeat(301) } });
    expect(sibling.statusCode).toBe(413);
  });
});

describe("the rest of the app", () => {
  async function siblings(app: FastifyInstance): Promise<unknown[]> {
    const post = async (contentType: string, payload: string): Promise<unknown> => {
      const headers = { "content-type": contentType };
      const reply = await app.inject({ method: "POST", url: "/sibling", headers, payload });
      return reply.statusCode === 200 ? reply.json() : reply.statusCode;
    };
    return [
      await post("application/json", '{"a":1}'),
      await post("application/json", "{"),
      await post("text/plain", "hello"),
      await post("application/x-unknown", "hello"),
    ];
  }

  test("sibling routes get parsed JSON and text, and 415 for types that nobody parses", async () => {
    const { runs, options } = recorder();
    const app = createApp();
    app.post("/sibling", ({ body }) => ({ got: body }));
    expect(await siblings(app)).toEqual([{ got: { a: 1 } }, 400, { got: "hello" }, 415]);

    const withWebhooks = createApp();
    await withWebhooks.register(diffioWebhooks, { path: PATH, ...options });
    withWebhooks.post("/sibling", ({ body }) => ({ got: body }));
    expect(await siblings(withWebhooks)).toEqual([{ got: { a: 1 } }, 400, { got: "hello" }, 415]);
    expect(runs).toEqual([]);
  });

  describe.each(["before", "after"] as const)("content type parsers of the app's own, set %s", (when) => {
    test.each([
      {
        parsers: "application/json replaced, strings",
        set: (app: FastifyInstance) => {
          app.removeContentTypeParser("application/json");
          app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) =>
            done(null, { own: body.length }),
          );
        },
        expected: [{ got: { own: 7 } }, { got: { own: 1 } }, { got: "hello" }, 415],
      },
      {
        parsers: "*, from the stream",
        set: (app: FastifyInstance) => {
          app.addContentTypeParser("*", async (_request: FastifyRequest, payload: AsyncIterable<Buffer>) => {
            let length = 0;
            for await (const chunk of payload) length += chunk.length;
            return { any: length };
          });
        },
        expected: [{ got: { a: 1 } }, 400, { got: "hello" }, { got: { any: 5 } }],
      },
      {
        parsers: "* alone, buffers",
        set: (app: FastifyInstance) => {
          app.removeAllContentTypeParsers();
          app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) =>
            done(null, { bytes: body.length }),
          );
        },
        expected: [
          { got: { bytes: 7 } },
          { got: { bytes: 1 } },
          { got: { bytes: 5 } },
          { got: { bytes: 5 } },
        ],
      },
    ])("$parsers", async ({ set, expected }) => {
      const { runs, options } = recorder();
      const app = createApp();
      if (when === "before") set(app);
      await app.register(diffioWebhooks, { path: PATH, ...options });
      if (when === "after") set(app);
      app.post("/sibling", ({ body }) => ({ got: body }));

      expect(await siblings(app)).toEqual(expected);
      const deliveries = ["application/json", "text/plain", "application/x-unknown"].map((contentType) =>
        signed(undefined, { contentType }),
      );
      for (const delivery of deliveries) {
        // One after another, so that the order of the runs is known.
        // eslint-disable-next-line no-await-in-loop
        expect(await deliver(app, delivery)).toEqual(RECEIVED);
      }
      expect(await deliver(app, forged())).toEqual(FORGED);
      await idle(app);
      expect(runs).toEqual(deliveries.map(({ messageId }) => messageId));
    });
  });

  test("an error handler and a 404 handler of the app's own see none of it", async () => {
    const { options } = recorder();
    const app = createApp();
    const seen = vi.fn();
    app.setErrorHandler((_error, _request, reply) => {
      seen();
      return reply.code(418).send();
    });
    app.setNotFoundHandler((_request, reply) => {
      seen();
      return reply.code(418).send();
    });
    await app.register(diffioWebhooks, { path: PATH, ...options });
    expect(await deliver(app, forged())).toEqual(FORGED);
    expect((await app.inject({ method: "GET", url: PATH })).statusCode).toBe(405);
    expect(seen).not.toHaveBeenCalled();
    expect((await app.inject({ method: "GET", url: "/none" })).statusCode).toBe(418);
  });
});

describe("paths", () => {
  test.each([
    { prefix: undefined, path: "/hook", whole: "/hook" },
    { prefix: "/v1", path: "/hook", whole: "/v1/hook" },
    { prefix: "/v1", path: "/", whole: "/v1/" },
  ])("prefix $prefix and path $path: $whole", async ({ prefix, path, whole }) => {
    const { runs, options } = recorder();
    const app = createApp();
    await app.register(diffioWebhooks, { path, ...options, ...(prefix !== undefined && { prefix }) });
    expect([...(app.diffioWebhooks?.keys() ?? [])]).toEqual([whole]);
    const delivery = signed();
    expect(await deliver(app, delivery, whole)).toEqual(RECEIVED);
    await idle(app);
    expect(runs).toEqual([delivery.messageId]);
    if (prefix) expect((await app.inject({ method: "POST", url: path })).statusCode).toBe(404);
  });

  test("in a scope with a prefix, and a prefix of its own in that", async () => {
    const { runs, options } = recorder();
    const app = createApp();
    let scope: FastifyInstance | undefined;
    await app.register(
      async (inner) => {
        scope = inner;
        await inner.register(diffioWebhooks, { path: "/hook", ...options });
        await inner.register(diffioWebhooks, { path: "/hook", prefix: "/v2", ...options });
      },
      { prefix: "/api" },
    );
    await app.ready();
    expect([...(scope?.diffioWebhooks?.keys() ?? [])]).toEqual(["/api/hook", "/api/v2/hook"]);
    const deliveries = [signed(), signed()] as const;
    expect(await deliver(app, deliveries[0], "/api/hook")).toEqual(RECEIVED);
    expect(await deliver(app, deliveries[1], "/api/v2/hook")).toEqual(RECEIVED);
    if (scope) await idle(scope);
    expect(runs).toEqual(deliveries.map(({ messageId }) => messageId));
    // Fastify shows a scope's decorators to that scope and those in it.
    expect(app.hasDecorator("diffioWebhooks")).toBe(false);
  });

  test("where the root has the decorator, receivers of scopes are in the same Map", async () => {
    const { options } = recorder();
    const app = createApp();
    await app.register(diffioWebhooks, { path: "/hook", ...options });
    await app.register(async (scope) => scope.register(diffioWebhooks, { path: "/hook", ...options }), {
      prefix: "/api",
    });
    await app.ready();
    expect([...(app.diffioWebhooks?.keys() ?? [])]).toEqual(["/hook", "/api/hook"]);
  });

  test("several times under different paths: each has a receiver and a secret of its own", async () => {
    const first = recorder();
    const second = recorder();
    const app = createApp();
    await app.register(diffioWebhooks, { path: "/first", ...first.options });
    await app.register(diffioWebhooks, {
      path: "/second",
      ...second.options,
      signingSecret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    });
    const [delivery, other] = [signed(), forged()];
    expect(await deliver(app, delivery, "/first")).toEqual(RECEIVED);
    expect(await deliver(app, delivery, "/second")).toEqual(FORGED);
    expect(await deliver(app, other, "/second")).toEqual(RECEIVED);
    expect(await deliver(app, other, "/first")).toEqual(FORGED);
    await idle(app);
    expect([first.runs, second.runs]).toEqual([[delivery.messageId], [other.messageId]]);
    expect(app.diffioWebhooks?.get("/first")).not.toBe(app.diffioWebhooks?.get("/second"));
  });

  test("the same path twice fails as any route does", async () => {
    const { options } = recorder();
    const app = createApp();
    await app.register(diffioWebhooks, { path: PATH, ...options });
    await expect(
      (async () => {
        await app.register(diffioWebhooks, { path: PATH, ...options });
      })(),
    ).rejects.toMatchObject({ code: "FST_ERR_DUPLICATED_ROUTE" });
  });

  test("a path that another route has fails, too", async () => {
    const { options } = recorder();
    const app = createApp();
    app.post(PATH, () => "mine");
    app.register(diffioWebhooks, { path: PATH, ...options });
    await expect(app.ready()).rejects.toMatchObject({ code: "FST_ERR_DUPLICATED_ROUTE" });
  });

  test("other paths are the app's", async () => {
    const { options } = recorder();
    const app = createApp();
    await app.register(diffioWebhooks, { path: PATH, ...options });
    expect((await app.inject({ method: "POST", url: `${PATH}/more` })).statusCode).toBe(404);
  });
});

describe("options", () => {
  async function errorOf(options: unknown): Promise<unknown> {
    const app = createApp();
    try {
      await app.register(diffioWebhooks, options as FastifyWebhooksOptions & { prefix?: string });
      return undefined;
    } catch (error) {
      return error;
    }
  }

  test.each([
    { what: "no path", options: { signingSecret: SECRET }, code: "invalid_option", hint: "/webhooks/diffio" },
    {
      what: "a path without a slash",
      options: { path: "hooks", signingSecret: SECRET },
      code: "invalid_option",
      hint: "/webhooks/diffio",
    },
    {
      what: "an empty path",
      options: { path: "", signingSecret: SECRET },
      code: "invalid_option",
      hint: "/webhooks/diffio",
    },
    {
      what: "a path that is no string",
      options: { path: /x/, signingSecret: SECRET },
      code: "invalid_option",
      hint: "/webhooks/diffio",
    },
    {
      what: "an empty secret",
      options: { path: PATH, signingSecret: "" },
      code: "invalid_secret",
      hint: "whsec_",
    },
    {
      what: "an unknown event type",
      options: { path: PATH, signingSecret: SECRET, on: { "generation.done": () => {} } },
      code: "invalid_option",
      hint: "generation.completed",
    },
    {
      what: "a limit that is no number",
      options: { path: PATH, signingSecret: SECRET, maxBodyBytes: Number.NaN },
      code: "invalid_option",
      hint: "",
    },
  ])("$what: awaiting register rejects", async ({ options, code, hint }) => {
    const error = await errorOf(options);
    expect(error).toBeInstanceOf(WebhookError);
    expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) as unknown });
  });

  test("not awaited, app.ready() rejects", async () => {
    const app = createApp();
    app.register(diffioWebhooks, { path: PATH, signingSecret: "whsec_" });
    await expect(app.ready()).rejects.toMatchObject({ code: "invalid_secret" });
  });

  test("DIFFIO_WEBHOOK_SECRET is the default", async () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", undefined);
    expect(await errorOf({ path: PATH })).toMatchObject({
      code: "invalid_secret",
      hint: expect.stringContaining("DIFFIO_WEBHOOK_SECRET") as unknown,
    });
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", SECRET);
    expect(await errorOf({ path: PATH })).toBeUndefined();
    vi.unstubAllEnvs();
  });
});

describe("metadata", () => {
  test("app.hasPlugin knows it by its name", async () => {
    const { options } = recorder();
    const app = createApp();
    await app.register(diffioWebhooks, { path: PATH, ...options });
    await app.ready();
    expect(app.hasPlugin("@diffio-webhooks/fastify")).toBe(true);
  });

  test("the decorator is a Map, visible on the root and in scopes", async () => {
    const { options } = recorder();
    const app = createApp();
    await app.register(diffioWebhooks, { path: PATH, ...options });
    expect(app.diffioWebhooks).toBeInstanceOf(Map);
    let inScope: unknown;
    await app.register(async (scope) => {
      inScope = scope.diffioWebhooks;
    });
    expect(inScope).toBe(app.diffioWebhooks);
  });

  test("types", async () => {
    const app = createApp();
    await app.register(diffioWebhooks, {
      path: PATH,
      signingSecret: async ({ request }) => {
        expectTypeOf(request).toEqualTypeOf<FastifyRequest>();
        return SECRET;
      },
      on: {
        "generation.failed": (event, { platform }) => {
          expectTypeOf(event.eventType).toEqualTypeOf<"generation.failed">();
          expectTypeOf(platform).toEqualTypeOf<FastifyPlatform | undefined>();
        },
      },
    });
    expectTypeOf(app.diffioWebhooks?.get(PATH)?.idle()).toEqualTypeOf<Promise<void> | undefined>();
    expectTypeOf<FastifyPlatform["request"]>().toEqualTypeOf<FastifyRequest>();
    expectTypeOf<FastifyPlatform["reply"]>().toEqualTypeOf<FastifyReply>();
    expectTypeOf<{ signingSecret: string }>().not.toExtend<FastifyWebhooksOptions>();

    const options: FastifyWebhooksOptions = { path: "/options/kept/in/a/variable", signingSecret: SECRET };
    await app.register(diffioWebhooks, options);
    expect([...(app.diffioWebhooks?.keys() ?? [])]).toEqual([PATH, options.path]);
  });
});
