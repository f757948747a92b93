import { connect } from "node:http2";
import { Writable } from "node:stream";
import { describeConnections } from "@diffio-webhooks/test-support/connection-suite";
import { post } from "@diffio-webhooks/test-support/connections";
import { PATH, type SignedDelivery, forged, signed } from "@diffio-webhooks/test-support/deliveries";
import { recorder } from "@diffio-webhooks/test-support/recorder";
import { pause, settledSoon } from "@diffio-webhooks/test-support/waiting";
import fastify, { type FastifyInstance, type FastifyServerOptions } from "fastify";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { diffioWebhooks } from "../src/index.ts";

function createApp(options: FastifyServerOptions = {}): FastifyInstance {
  const app = fastify({ forceCloseConnections: true, ...options });
  onTestFinished(async () => {
    await app.close();
  });
  return app;
}

async function listen(app: FastifyInstance): Promise<string> {
  return (await app.listen({ port: 0, host: "127.0.0.1" })) + PATH;
}

/** A promise, and the function that resolves it. */
function gate(): { opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: () => resolve() };
}

describe("hooks of the app", () => {
  test("a global onRequest hook runs before, and may refuse", async () => {
    const { runs, refusals, options } = recorder();
    const app = createApp();
    app.addHook("onRequest", async (request, reply) => {
      await pause(5);
      if (request.headers["authorization"] !== "Basic x") return reply.code(401).send({ refused: true });
    });
    await app.register(diffioWebhooks, { path: PATH, ...options });
    const url = await listen(app);
    const delivery = signed();
    expect(await post(url, delivery)).toBe(401);
    expect({ runs, refusals }).toEqual({ runs: [], refusals: [] });
    const headers = { ...delivery.headers, authorization: "Basic x" };
    expect(await post(url, { ...delivery, headers })).toBe(200);
    await app.diffioWebhooks?.get(PATH)?.idle();
    expect(runs).toEqual([delivery.messageId]);
  });

  test("hooks of all other kinds, slow ones, do no harm", async () => {
    const { runs, options } = recorder();
    const app = createApp();
    const called: string[] = [];
    app.addHook("preParsing", async (_request, _reply, payload) => {
      called.push("preParsing");
      await pause(20);
      return payload;
    });
    app.addHook("preValidation", async () => {
      called.push("preValidation");
      await pause(20);
    });
    app.addHook("preHandler", (_request, _reply, done) => {
      called.push("preHandler");
      setTimeout(done, 20);
    });
    app.addHook("onSend", async (_request, reply, payload) => {
      called.push("onSend");
      await pause(20);
      reply.header("x-on-send", "seen");
      return payload;
    });
    app.addHook("onResponse", async () => void called.push("onResponse"));
    await app.register(diffioWebhooks, { path: PATH, ...options });
    const url = await listen(app);

    for (const { delivery, status } of [
      { delivery: signed(), status: 200 },
      { delivery: forged(), status: 400 },
    ]) {
      called.length = 0;
      // eslint-disable-next-line no-await-in-loop
      const reply = await fetch(url, { method: "POST", headers: delivery.headers, body: delivery.body });
      expect({ status: reply.status, header: reply.headers.get("x-on-send") }).toEqual({
        status,
        header: "seen",
      });
      // eslint-disable-next-line no-await-in-loop
      await vi.waitFor(() => expect(called).toEqual(["onSend", "onResponse"]));
    }
    await app.diffioWebhooks?.get(PATH)?.idle();
    expect(runs).toHaveLength(1);
  });
});

test("a request is logged as any other, and the body is not", async () => {
  const lines: { msg: string; req?: { url: string }; res?: { statusCode: number }; reqId?: string }[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as (typeof lines)[number]);
      done();
    },
  });
  const { options } = recorder();
  const app = createApp({ logger: { level: "trace", stream } });
  await app.register(diffioWebhooks, { path: PATH, ...options });
  for (const { headers, body } of [signed(), forged()]) {
    // eslint-disable-next-line no-await-in-loop
    await app.inject({ method: "POST", url: PATH, headers, payload: body });
  }
  const requests = lines.filter(({ reqId }) => reqId !== undefined);
  expect(requests.map(({ msg, req, res }) => [msg, req?.url ?? res?.statusCode])).toEqual([
    ["incoming request", PATH],
    ["request completed", 200],
    ["incoming request", PATH],
    ["request completed", 400],
  ]);
  expect(JSON.stringify(lines)).not.toContain("gen_123");
});

describe("app.close()", () => {
  test("waits for a callback that runs", async () => {
    const { options } = recorder();
    const [started, finish] = [gate(), gate()];
    const order: string[] = [];
    const app = createApp();
    await app.register(diffioWebhooks, {
      path: PATH,
      ...options,
      onAny: async () => {
        started.open();
        await finish.opened;
        order.push("callback ended");
      },
    });
    expect(await post(await listen(app), signed())).toBe(200);
    await started.opened;

    const closed = app.close().then(() => order.push("closed"));
    await pause(100);
    expect(order).toEqual([]);
    finish.open();
    await closed;
    expect(order).toEqual(["callback ended", "closed"]);
  });

  test("waits for those of every receiver, in scopes and by inject, too", async () => {
    const { options } = recorder();
    const ended: string[] = [];
    const slow = (name: string) => async (): Promise<void> => {
      await pause(100);
      ended.push(name);
    };
    const app = createApp();
    await app.register(diffioWebhooks, { path: "/root", ...options, onAny: slow("root") });
    await app.register(
      async (scope) => scope.register(diffioWebhooks, { path: "/hook", ...options, onAny: slow("scope") }),
      { prefix: "/api" },
    );
    const { headers, body } = signed();
    for (const url of ["/root", "/api/hook"]) {
      // eslint-disable-next-line no-await-in-loop
      expect((await app.inject({ method: "POST", url, headers, payload: body })).statusCode).toBe(200);
    }
    await app.close();
    expect(ended.toSorted()).toEqual(["root", "scope"]);
  });

  test("closes the receiver: nothing is accepted any more", async () => {
    const { refusals, options } = recorder();
    const app = createApp();
    await app.register(diffioWebhooks, { path: PATH, ...options });
    await app.ready();
    const receiver = app.diffioWebhooks?.get(PATH);
    await app.close();
    const { headers, body } = signed();
    expect(await receiver?.receive({ method: "POST", headers, body })).toMatchObject({ status: 503 });
    expect(refusals.map(({ code }) => code)).toEqual(["receiver_closed"]);
  });
});

describeConnections<(app: FastifyInstance) => void>({
  async serve(options, before) {
    const app = createApp();
    for (const addHook of before) addHook(app);
    await app.register(diffioWebhooks, { path: PATH, ...options });
    const url = await listen(app);
    const receiver = app.diffioWebhooks?.get(PATH);
    if (!receiver) throw new Error(`There is no receiver at ${PATH}.`);
    return { url, receiver };
  },
  endsLate: {
    "a slow onSend hook": [
      (app) =>
        void app.addHook("onSend", async (_request, _reply, payload) => {
          await pause(150);
          return payload;
        }),
    ],
  },
  isSlow: { "a slow hook": [(app) => void app.addHook("onRequest", () => pause(150))] },
});

test("HTTP/2 is no different", async () => {
  const { runs, options } = recorder();
  const app = fastify({ http2: true });
  await app.register(diffioWebhooks, { path: PATH, ...options });
  const origin = await app.listen({ port: 0, host: "127.0.0.1" });
  const session = connect(origin);
  onTestFinished(async () => {
    session.close();
    await app.close();
  });
  const send = ({ headers, body }: SignedDelivery): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ":method": "POST", ":path": PATH, ...headers });
      stream.on("response", (response) => resolve(response[":status"])).on("error", reject);
      stream.resume().end(body);
    });
  const delivery = signed();
  expect(await send(delivery)).toBe(200);
  expect(await send(forged())).toBe(400);
  expect(await settledSoon(app.diffioWebhooks?.get(PATH)?.idle() ?? Promise.reject(new Error("none")))).toBe(
    "settled",
  );
  expect(runs).toEqual([delivery.messageId]);
});
