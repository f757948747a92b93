import { WebhookError } from "@diffio-webhooks/core";
import { PATH, forged, signed } from "@diffio-webhooks/test-support/deliveries";
import { recorder } from "@diffio-webhooks/test-support/recorder";
import { SECRET } from "@diffio-webhooks/test-support/signing";
import type { ErrorRequestHandler, Request, Response } from "express";
import supertest from "supertest";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { type ExpressPlatform, type ExpressWebhooksHandler, diffioWebhooks } from "../src/index.ts";
import { VERSIONS } from "./support/servers.ts";

function errorOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

describe.each(VERSIONS)("$version", ({ framework }) => {
  describe("mounts", () => {
    test.each([
      { mount: "app.post", at: PATH, add: "post" as const },
      { mount: "app.use", at: PATH, add: "use" as const },
      { mount: "app.all", at: PATH, add: "all" as const },
    ])("$mount", async ({ at, add }) => {
      const { runs, options } = recorder();
      const webhooks = diffioWebhooks(options);
      const app = framework();
      app[add](at, webhooks);
      const { messageId, headers, body } = signed();

      const reply = await supertest(app).post(at).set(headers).send(body);

      expect({ status: reply.status, body: reply.body }).toEqual({ status: 200, body: { received: true } });
      expect(reply.headers["content-length"]).toBe(String('{"received":true}'.length));
      await webhooks.receiver.idle();
      expect(runs).toEqual([messageId]);
    });

    test("app.use takes what is below its path, too", async () => {
      const { runs, options } = recorder();
      const webhooks = diffioWebhooks(options);
      const { messageId, headers, body } = signed();
      const app = framework().use("/webhooks", webhooks);
      expect((await supertest(app).post("/webhooks/of/diffio?x=1").set(headers).send(body)).status).toBe(200);
      await webhooks.receiver.idle();
      expect(runs).toEqual([messageId]);
    });

    test("a Router, and an app in an app", async () => {
      const { runs, options } = recorder();
      const webhooks = diffioWebhooks(options);
      const router = framework.Router().post("/diffio", webhooks);
      const subApp = framework().use("/v1", router);
      const app = framework().use("/api", subApp);
      const { messageId, headers, body } = signed();
      expect((await supertest(app).post("/api/v1/diffio").set(headers).send(body)).status).toBe(200);
      await webhooks.receiver.idle();
      expect(runs).toEqual([messageId]);
    });

    test("app.post leaves other methods to the app, app.use answers them 405", async () => {
      const { options } = recorder();
      const app = framework();
      app.post("/post", diffioWebhooks(options));
      app.use("/use", diffioWebhooks(options));
      expect((await supertest(app).get("/post")).status).toBe(404);
      const { status, headers, body } = await supertest(app).options("/use");
      expect({ status, allow: headers["allow"], body: body as unknown }).toEqual({
        status: 405,
        allow: "POST",
        body: { error: "method_not_allowed" },
      });
    });

    test("two endpoints of one app have receivers of their own", async () => {
      const first = recorder();
      const second = recorder();
      const atFirst = diffioWebhooks(first.options);
      const atSecond = diffioWebhooks(second.options);
      const app = framework().post("/first", atFirst).post("/second", atSecond);
      const { messageId, headers, body } = signed();
      for (const path of ["/first", "/second"]) {
        // One after another, as the sender might.
        // eslint-disable-next-line no-await-in-loop
        expect((await supertest(app).post(path).set(headers).send(body)).status).toBe(200);
      }
      await Promise.all([atFirst.receiver.idle(), atSecond.receiver.idle()]);
      expect([first.runs, second.runs]).toEqual([[messageId], [messageId]]);
    });
  });

  describe("the rest of the app", () => {
    test("routes after express.json() get parsed JSON as ever", async () => {
      const { options } = recorder();
      const app = framework();
      app.post(PATH, diffioWebhooks(options));
      app.use(framework.json());
      app.post("/echo", (req, res) => void res.json({ got: req.body as unknown }));
      const { headers, body } = signed();
      expect((await supertest(app).post(PATH).set(headers).send(body)).status).toBe(200);
      expect((await supertest(app).post("/echo").send({ a: 1 })).body).toEqual({ got: { a: 1 } });
    });

    test("middleware after it is not reached by deliveries, accepted or refused, and catches its own errors", async () => {
      const { options } = recorder();
      const after = vi.fn();
      const app = framework();
      app.use(PATH, diffioWebhooks(options));
      app.use(() => {
        after();
        throw new Error("of the app's own");
      });
      const onError: ErrorRequestHandler = (error: Error, _req, res, _next) =>
        void res.status(418).json({ error: error.message });
      app.use(onError);
      for (const { headers, body } of [signed(), forged()]) {
        // eslint-disable-next-line no-await-in-loop
        expect((await supertest(app).post(PATH).set(headers).send(body)).type).toBe("application/json");
      }
      expect(after).not.toHaveBeenCalled();

      const other = await supertest(app).get("/other");
      expect({ status: other.status, body: other.body as unknown }).toEqual({
        status: 418,
        body: { error: "of the app's own" },
      });
    });

    test("an error that is none of ours goes to the app's error handler, once", async () => {
      const { runs, options } = recorder();
      const errors: unknown[] = [];
      const app = framework();
      app.use((req, _res, next) => {
        Object.defineProperty(req, "rawBody", {
          get() {
            throw new RangeError("of an earlier middleware");
          },
        });
        next();
      });
      app.post(PATH, diffioWebhooks(options));
      const onError: ErrorRequestHandler = (error, _req, res, _next) => {
        errors.push(error);
        res.status(418).end();
      };
      app.use(onError);
      const { headers, body } = signed();
      expect((await supertest(app).post(PATH).set(headers).send(body)).status).toBe(418);
      expect(errors).toEqual([new RangeError("of an earlier middleware")]);
      expect(runs).toEqual([]);
    });

    test("headers that an earlier middleware has set are sent along", async () => {
      const { options } = recorder();
      const app = framework();
      app.use((_req, res, next) => {
        res.setHeader("x-request-id", "r1");
        next();
      });
      app.post(PATH, diffioWebhooks(options));
      const { headers, body } = signed();
      expect((await supertest(app).post(PATH).set(headers).send(body)).headers).toMatchObject({
        "x-request-id": "r1",
        "content-type": "application/json",
      });
    });
  });

  test("a callback finds the very req and res as its platform, and the bytes as they were signed", async () => {
    const seen: unknown[] = [];
    let given: unknown[] = [];
    const app = framework();
    app.use((req, res, next) => {
      given = [req, res];
      next();
    });
    const webhooks = diffioWebhooks({
      signingSecret: SECRET,
      on: {
        "generation.completed": (event, { platform, rawBody }) =>
          void seen.push(platform?.req, platform?.res, event.generationId, Buffer.from(rawBody).toString()),
      },
    });
    app.post(PATH, webhooks);
    const { headers, body } = signed();
    await supertest(app).post(PATH).set(headers).send(body);
    await webhooks.receiver.idle();
    expect(seen).toHaveLength(4);
    expect(seen[0]).toBe(given[0]);
    expect(seen[1]).toBe(given[1]);
    expect(seen.slice(2)).toEqual(["gen_123", body]);
  });

  test("the signingSecret function is given the same", async () => {
    const { runs, options } = recorder();
    const webhooks = diffioWebhooks({
      ...options,
      signingSecret: ({ req }) => (req.query["tenant"] === "a" ? SECRET : undefined),
    });
    const app = framework().post(PATH, webhooks);
    const { messageId, headers, body } = signed();
    expect((await supertest(app).post(`${PATH}?tenant=b`).set(headers).send(body)).status).toBe(500);
    expect((await supertest(app).post(`${PATH}?tenant=a`).set(headers).send(body)).status).toBe(200);
    await webhooks.receiver.idle();
    expect(runs).toEqual([messageId]);
  });

  test("once its receiver is closed it answers 503", async () => {
    const { runs, options } = recorder();
    const webhooks = diffioWebhooks(options);
    const app = framework().post(PATH, webhooks);
    await webhooks.receiver.close();
    const { headers, body } = signed();
    const reply = await supertest(app).post(PATH).set(headers).send(body);
    expect({ status: reply.status, body: reply.body as unknown }).toEqual({
      status: 503,
      body: { error: "receiver_closed" },
    });
    expect(Number(reply.headers["retry-after"])).toBeGreaterThan(0);
    expect(runs).toEqual([]);
  });
});

describe("options are checked when the handler is made", () => {
  test.each([
    { what: "an empty secret", options: { signingSecret: "" }, code: "invalid_secret" },
    {
      what: "a negative limit",
      options: { signingSecret: SECRET, maxBodyBytes: -1 },
      code: "invalid_option",
    },
    {
      what: "an unknown event type",
      options: { signingSecret: SECRET, on: { "generation.done": () => {} } as object },
      code: "invalid_option",
    },
  ])("$what", ({ options, code }) => {
    const error = errorOf(() => diffioWebhooks(options));
    expect(error).toBeInstanceOf(WebhookError);
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/./) as unknown });
  });

  test("no secret at all: the hint names the environment variable, which is taken when it is there", () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", undefined);
    expect(errorOf(() => diffioWebhooks())).toMatchObject({
      code: "invalid_secret",
      hint: expect.stringContaining("DIFFIO_WEBHOOK_SECRET") as unknown,
    });
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", SECRET);
    expect(diffioWebhooks().receiver.name).toBe("default");
    vi.unstubAllEnvs();
  });
});

test("types", () => {
  expectTypeOf<ExpressPlatform["req"]>().toEqualTypeOf<Request>();
  expectTypeOf<ExpressPlatform["res"]>().toEqualTypeOf<Response>();
  const handler = diffioWebhooks({
    signingSecret: async ({ req }) => {
      expectTypeOf(req).toEqualTypeOf<Request>();
      return SECRET;
    },
    on: {
      "generation.failed": (event, { platform }) => {
        expectTypeOf(event.eventType).toEqualTypeOf<"generation.failed">();
        expectTypeOf(platform).toEqualTypeOf<ExpressPlatform | undefined>();
      },
    },
  });
  expectTypeOf(handler).toEqualTypeOf<ExpressWebhooksHandler>();
  expectTypeOf(handler.receiver.idle()).toEqualTypeOf<Promise<void>>();
});
