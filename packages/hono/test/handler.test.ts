import { WebhookError } from "@diffio-webhooks/core";
import { type FetchPlatform, createFetchHandler } from "@diffio-webhooks/core/fetch";
import { PATH, type SignedDelivery, forged, signed } from "@diffio-webhooks/test-support/deliveries";
import { type Refusal, recorder } from "@diffio-webhooks/test-support/recorder";
import { FORGERS_SECRET, SECRET } from "@diffio-webhooks/test-support/signing";
import { pause, settledSoon } from "@diffio-webhooks/test-support/waiting";
import { type Context, type ExecutionContext, Hono } from "hono";
import { afterEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import { type HonoWebhooksHandler, diffioWebhooks } from "../src/index.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

interface App {
  request(
    path: string,
    init: RequestInit,
    env?: object,
    executionCtx?: ExecutionContext,
  ): Response | Promise<Response>;
}

/** Delivers without a server, as Workers would. */
async function deliver(
  app: App,
  { headers, body }: SignedDelivery,
  {
    path = PATH,
    env,
    executionCtx,
  }: { path?: string; env?: object; executionCtx?: ExecutionContext | undefined } = {},
): Promise<{ status: number; body: unknown }> {
  const reply = await app.request(path, { method: "POST", headers, body }, env, executionCtx);
  expect(reply.headers.get("content-type")).toBe("application/json");
  return { status: reply.status, body: await reply.json() };
}

const RECEIVED = { status: 200, body: { received: true } };
const FORGED = { status: 400, body: { error: "no_matching_signature" } };
const NO_SECRET = { status: 500, body: { error: "secret_unavailable" } };

describe("the signing secret", () => {
  /** All options but the secret, and what they record. */
  function withoutSecret(): {
    runs: string[];
    refusals: Refusal[];
    options: Parameters<typeof diffioWebhooks>[0];
  } {
    const { runs, refusals, options } = recorder();
    const { signingSecret: _, ...rest } = options;
    return { runs, refusals, options: rest };
  }

  test("is DIFFIO_WEBHOOK_SECRET of c.env, asked for at each request", async () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", undefined);
    const { runs, options } = withoutSecret();
    const webhooks = diffioWebhooks(options);
    const app = new Hono().post(PATH, webhooks);
    const delivery = signed();
    expect(await deliver(app, delivery, { env: { DIFFIO_WEBHOOK_SECRET: FORGERS_SECRET } })).toEqual(FORGED);
    expect(await deliver(app, delivery, { env: { DIFFIO_WEBHOOK_SECRET: SECRET } })).toEqual(RECEIVED);
    expect(await deliver(app, forged(), { env: { DIFFIO_WEBHOOK_SECRET: SECRET } })).toEqual(FORGED);
    await webhooks.receiver.idle();
    expect(runs).toEqual([delivery.messageId]);
  });

  test("else that of process.env", async () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", SECRET);
    const app = new Hono().post(PATH, diffioWebhooks(withoutSecret().options));
    expect(await deliver(app, signed())).toEqual(RECEIVED);
    expect(await deliver(app, signed(), { env: { OTHER: "x" } })).toEqual(RECEIVED);
    expect(await deliver(app, forged())).toEqual(FORGED);
  });

  test("that of c.env first", async () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", FORGERS_SECRET);
    const app = new Hono().post(PATH, diffioWebhooks(withoutSecret().options));
    const env = { DIFFIO_WEBHOOK_SECRET: SECRET };
    expect(await deliver(app, signed(), { env })).toEqual(RECEIVED);
    expect(await deliver(app, forged(), { env })).toEqual(FORGED);
  });

  test("missing everywhere: 500, and the hint names the variable", async () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", undefined);
    const { runs, refusals, options } = withoutSecret();
    const app = new Hono().post(PATH, diffioWebhooks(options));
    expect(await deliver(app, signed())).toEqual(NO_SECRET);
    expect(refusals).toMatchObject([
      {
        code: "secret_unavailable",
        hint: expect.stringContaining("DIFFIO_WEBHOOK_SECRET") as unknown,
      },
    ]);
    expect(runs).toEqual([]);
  });

  test("empty in c.env: 500, and never the one of process.env instead", async () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", SECRET);
    const { refusals, options } = withoutSecret();
    const app = new Hono().post(PATH, diffioWebhooks(options));
    expect(await deliver(app, signed(), { env: { DIFFIO_WEBHOOK_SECRET: "" } })).toEqual(NO_SECRET);
    expect(refusals).toMatchObject([{ message: expect.stringContaining("empty") as unknown }]);
  });

  test("an option that is undefined is an option left out", async () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", undefined);
    const app = new Hono().post(
      PATH,
      diffioWebhooks({ ...withoutSecret().options, signingSecret: undefined }),
    );
    expect(await deliver(app, signed(), { env: { DIFFIO_WEBHOOK_SECRET: SECRET } })).toEqual(RECEIVED);
  });

  test("the option, if given, and neither of the others", async () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", FORGERS_SECRET);
    const app = new Hono().post(PATH, diffioWebhooks(recorder().options));
    const env = { DIFFIO_WEBHOOK_SECRET: FORGERS_SECRET };
    expect(await deliver(app, signed(), { env })).toEqual(RECEIVED);
    expect(await deliver(app, forged(), { env })).toEqual(FORGED);
  });

  test.each([
    { how: "sync", secretOf: (c: Context) => (c.env as { MINE: string }).MINE },
    { how: "async", secretOf: async (c: Context) => (c.env as { MINE: string }).MINE },
  ])("a function is given Hono's context, $how", async ({ secretOf }) => {
    const { runs, options } = recorder();
    const webhooks = diffioWebhooks({ ...options, signingSecret: secretOf });
    const app = new Hono().post(PATH, webhooks);
    const delivery = signed();
    expect(await deliver(app, delivery, { env: { MINE: FORGERS_SECRET } })).toEqual(FORGED);
    expect(await deliver(app, delivery, { env: {} })).toEqual(NO_SECRET);
    expect(await deliver(app, delivery, { env: { MINE: SECRET } })).toEqual(RECEIVED);
    await webhooks.receiver.idle();
    expect(runs).toEqual([delivery.messageId]);
  });

  test("a function finds what earlier middleware has set and the route's parameters", async () => {
    const app = new Hono<{ Variables: { secrets: Record<string, string> } }>();
    app.use(async (c, next) => {
      c.set("secrets", { a: SECRET });
      await next();
    });
    app.post(
      "/:tenant",
      diffioWebhooks({
        ...recorder().options,
        signingSecret: (c) => c.get("secrets")[c.req.param("tenant") ?? ""],
      }),
    );
    expect(await deliver(app, signed(), { path: "/a" })).toEqual(RECEIVED);
    expect(await deliver(app, signed(), { path: "/b" })).toEqual(NO_SECRET);
  });
});

describe("waitUntil", () => {
  function fakeExecutionContext(): { executionCtx: ExecutionContext; promises: Promise<unknown>[] } {
    const promises: Promise<unknown>[] = [];
    return {
      promises,
      executionCtx: {
        waitUntil(this: unknown, promise: Promise<unknown>) {
          // As in workerd: an illegal invocation where it is torn from its object.
          if (typeof this !== "object" || this === null || !("passThroughOnException" in this)) {
            throw new TypeError("Illegal invocation");
          }
          promises.push(promise);
        },
        passThroughOnException() {},
        props: {},
      },
    };
  }

  test("is given a promise that settles when the runs are over, and not before", async () => {
    const { executionCtx, promises } = fakeExecutionContext();
    const finish = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const app = new Hono().post(
      PATH,
      diffioWebhooks({
        signingSecret: SECRET,
        onAny: async () => {
          started.resolve();
          await finish.promise;
        },
      }),
    );
    expect(await deliver(app, signed(), { executionCtx })).toEqual(RECEIVED);
    expect(promises).toHaveLength(1);
    await started.promise;
    let over = false;
    const settled = promises[0]?.then(() => {
      over = true;
    });
    await pause(50);
    expect(over).toBe(false);
    finish.resolve();
    await settled;
    expect(over).toBe(true);
  });

  test("also when all runs fail: it resolves after the last", async () => {
    const { executionCtx, promises } = fakeExecutionContext();
    const finals: boolean[] = [];
    const app = new Hono().post(
      PATH,
      diffioWebhooks({
        signingSecret: SECRET,
        onAny: () => Promise.reject(new Error("The callback rejected.")),
        onError: (_error, { final }) => void finals.push(final),
      }),
    );
    expect(await deliver(app, signed(), { executionCtx })).toEqual(RECEIVED);
    await promises[0];
    expect(finals).toEqual([false, false, true]);
  });

  test("is given nothing for refused deliveries", async () => {
    const { executionCtx, promises } = fakeExecutionContext();
    const app = new Hono().post(PATH, diffioWebhooks(recorder().options));
    expect(await deliver(app, forged(), { executionCtx })).toEqual(FORGED);
    expect(promises).toEqual([]);
  });

  test.each([
    { where: "there is no execution context", executionCtx: undefined },
    { where: "it has no waitUntil", executionCtx: { props: {} } as ExecutionContext },
  ])("where $where, callbacks run all the same", async ({ executionCtx }) => {
    const { runs, options } = recorder();
    const webhooks = diffioWebhooks(options);
    const app = new Hono().post(PATH, webhooks);
    const delivery = signed();
    expect(await deliver(app, delivery, { executionCtx })).toEqual(RECEIVED);
    expect(await settledSoon(webhooks.receiver.idle())).toBe("settled");
    expect(runs).toEqual([delivery.messageId]);
  });
});

test("app.mount takes a fetch handler: it gets the environment and the execution context", async () => {
  const promises: Promise<unknown>[] = [];
  const executionCtx: ExecutionContext = {
    waitUntil: (promise) => void promises.push(promise),
    passThroughOnException() {},
    props: {},
  };
  const onAny = vi.fn<(event: unknown, context: { platform?: FetchPlatform | undefined }) => void>();
  const app = new Hono().mount("/webhooks", createFetchHandler({ signingSecret: SECRET, onAny }));
  const env = { REGION: "eu" };
  expect(await deliver(app, signed(), { path: "/webhooks/diffio", env, executionCtx })).toEqual(RECEIVED);
  await Promise.all(promises);
  expect(onAny.mock.calls[0]?.[1].platform).toMatchObject({ env, ctx: executionCtx });
});

describe("mounts", () => {
  const mounts: Record<string, { path: string; mount: (webhooks: HonoWebhooksHandler) => App }> = {
    "app.post": { path: "/hook", mount: (webhooks) => new Hono().post("/hook", webhooks) },
    "app.all": { path: "/hook", mount: (webhooks) => new Hono().all("/hook", webhooks) },
    "app.use": { path: "/hook/below", mount: (webhooks) => new Hono().use("/hook/*", webhooks) },
    "app.on": { path: "/hook", mount: (webhooks) => new Hono().on("POST", ["/hook", "/other"], webhooks) },
    "app.route": {
      path: "/api/hook",
      mount: (webhooks) => new Hono().route("/api", new Hono().post("/hook", webhooks)),
    },
    "app.basePath": {
      path: "/v1/hook",
      mount: (webhooks) => new Hono().basePath("/v1").post("/hook", webhooks),
    },
    "app.mount": {
      path: "/mounted/hook",
      mount: (webhooks) => new Hono().mount("/mounted", new Hono().post("/hook", webhooks).fetch),
    },
  };
  test.each(Object.entries(mounts))("%s", async (_name, { path, mount }) => {
    const { runs, options } = recorder();
    const webhooks = diffioWebhooks(options);
    const app = mount(webhooks);
    const delivery = signed();
    expect(await deliver(app, delivery, { path })).toEqual(RECEIVED);
    expect(await deliver(app, forged(), { path })).toEqual(FORGED);
    await webhooks.receiver.idle();
    expect(runs).toEqual([delivery.messageId]);
  });

  test("app.post leaves other methods to the app, app.all answers them 405", async () => {
    const { options } = recorder();
    const app = new Hono().post("/post", diffioWebhooks(options)).all("/all", diffioWebhooks(options));
    expect((await app.request("/post")).status).toBe(404);
    for (const method of ["GET", "HEAD", "OPTIONS", "PUT"]) {
      // eslint-disable-next-line no-await-in-loop
      const reply = await app.request("/all", { method });
      expect([reply.status, reply.headers.get("allow")]).toEqual([405, "POST"]);
    }
  });

  test("later handlers and app.notFound are not reached; earlier middleware may change the reply's headers", async () => {
    const later = vi.fn();
    const app = new Hono();
    app.use(async (c, next) => {
      await next();
      c.header("x-request-id", "r1");
    });
    app.post(PATH, diffioWebhooks(recorder().options), (c) => {
      later();
      return c.text("later");
    });
    const { headers, body } = signed();
    const reply = await app.request(PATH, { method: "POST", headers, body });
    expect([reply.status, reply.headers.get("x-request-id")]).toEqual([200, "r1"]);
    expect(await deliver(app, forged())).toEqual(FORGED);
    expect(later).not.toHaveBeenCalled();
  });

  test("a callback finds the very context as its platform, and the bytes as they were signed", async () => {
    const seen: unknown[] = [];
    let given: unknown;
    const app = new Hono();
    app.use(async (c, next) => {
      given = c;
      await next();
    });
    const webhooks = diffioWebhooks({
      signingSecret: SECRET,
      on: {
        "generation.completed": (_event, { platform, rawBody }) =>
          void seen.push(platform, Buffer.from(rawBody).toString()),
      },
    });
    app.post(PATH, webhooks);
    const delivery = signed();
    expect(await deliver(app, delivery)).toEqual(RECEIVED);
    await webhooks.receiver.idle();
    expect(seen).toHaveLength(2);
    expect(seen[0]).toBe(given);
    expect(seen[1]).toBe(delivery.body);
  });

  test("once its receiver is closed it answers 503", async () => {
    const webhooks = diffioWebhooks(recorder().options);
    const app = new Hono().post(PATH, webhooks);
    await webhooks.receiver.close();
    expect(await deliver(app, signed())).toEqual({ status: 503, body: { error: "receiver_closed" } });
  });
});

describe("options are checked when the handler is made", () => {
  test.each([
    { what: "an empty secret", options: { signingSecret: "" }, code: "invalid_secret" },
    { what: "a negative limit", options: { maxBodyBytes: -1 }, code: "invalid_option" },
    {
      what: "an unknown event type",
      options: { on: { "generation.done": () => {} } as object },
      code: "invalid_option",
    },
  ])("$what", ({ options, code }) => {
    let error: unknown;
    try {
      diffioWebhooks(options);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(WebhookError);
    expect(error).toMatchObject({ code });
  });
});

describe("types", () => {
  interface Bindings {
    DIFFIO_WEBHOOK_SECRET: string;
  }

  test("inline in a typed app, c is that of the app", () => {
    const app = new Hono<{ Bindings: Bindings }>();
    app.post("/a", diffioWebhooks({ signingSecret: (c) => c.env.DIFFIO_WEBHOOK_SECRET }));
    app.post(
      "/b",
      diffioWebhooks<{ Bindings: Bindings }>({
        signingSecret: (c) => {
          expectTypeOf(c).toEqualTypeOf<Context<{ Bindings: Bindings }>>();
          return c.env.DIFFIO_WEBHOOK_SECRET;
        },
        on: {
          "generation.failed": (event, { platform }) => {
            expectTypeOf(event.eventType).toEqualTypeOf<"generation.failed">();
            expectTypeOf(platform?.env).toEqualTypeOf<Bindings | undefined>();
          },
        },
      }),
    );
    app.all("/c", diffioWebhooks());
    expect(app.routes.map(({ path }) => path)).toEqual(["/a", "/b", "/c"]);
  });

  test("made apart, it fits any app", () => {
    const webhooks = diffioWebhooks({ signingSecret: SECRET });
    expectTypeOf(webhooks.receiver.idle()).toEqualTypeOf<Promise<void>>();
    const app = new Hono<{ Bindings: Bindings; Variables: { user: string } }>().post("/a", webhooks);
    expect(new Hono().post("/b", webhooks).routes.length + app.routes.length).toBe(2);
    const typed = diffioWebhooks<{ Bindings: Bindings }>({
      signingSecret: (c) => c.env.DIFFIO_WEBHOOK_SECRET,
    });
    expectTypeOf(typed).toEqualTypeOf<HonoWebhooksHandler<{ Bindings: Bindings }>>();
    expect(new Hono<{ Bindings: Bindings }>().post("/c", typed).routes).toHaveLength(1);
  });
});
