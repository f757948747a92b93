import { type MiddlewareHandler, Hono } from "hono";
import { describe, expect, test } from "vitest";
import { diffioWebhooks } from "../src/index.ts";
import { blockingClient } from "./support/blocking-client.ts";
import { keptAliveClient, pause, sendAndLeave, settledSoon } from "./support/connections.ts";
import { PATH, SECRET, type SignedDelivery, forged, recorder, signed } from "./support/deliveries.ts";
import { listen } from "./support/servers.ts";

async function post(url: string, { headers, body }: SignedDelivery): Promise<number> {
  const reply = await fetch(url, { method: "POST", headers, body });
  await reply.text();
  return reply.status;
}

const endsLate: MiddlewareHandler = async (_c, next) => {
  await next();
  await pause(150);
};

const isSlow: MiddlewareHandler = async (_c, next) => {
  await pause(150);
  await next();
};

const keepsText: MiddlewareHandler = async (c, next) => {
  await c.req.text();
  await next();
};

describe("a callback that blocks starts only when the reply has left", () => {
  test.each([
    { behind: "nothing", before: [] },
    { behind: "a middleware that goes on after next()", before: [endsLate] },
  ])("behind $behind", async ({ before }) => {
    const client = blockingClient();
    let repliedFirst: boolean | undefined;
    const webhooks = diffioWebhooks({
      signingSecret: SECRET,
      onAny: () => {
        repliedFirst = client.blockUntilReplied();
      },
    });
    const app = new Hono();
    for (const middleware of before) app.use(middleware);
    app.post(PATH, webhooks);

    expect(await client.send(await listen(app), signed())).toBe(200);
    await webhooks.receiver.idle();
    expect(repliedFirst).toBe(true);
  });
});

describe("where the platform drained the stream", () => {
  type Bytes = Uint8Array | undefined;
  interface Bindings {
    incoming: AsyncIterable<Buffer> & { rawBody?: Bytes };
  }

  async function serve(keep: (bytes: Buffer) => Bytes): Promise<{
    url: string;
    runs: string[];
    codes: () => string[];
    idle: () => Promise<void>;
  }> {
    const { runs, refusals, options } = recorder();
    const webhooks = diffioWebhooks(options);
    const app = new Hono<{ Bindings: Bindings }>();
    app.use(async ({ env: { incoming } }, next) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      incoming.rawBody = keep(Buffer.concat(chunks));
      await next();
    });
    app.post(PATH, webhooks);
    const codes = (): string[] => refusals.map(({ code }) => code);
    return { url: await listen(app), runs, codes, idle: () => webhooks.receiver.idle() };
  }

  test.each([
    { kept: "a Buffer", keep: (bytes: Buffer) => bytes },
    { kept: "a Uint8Array", keep: (bytes: Buffer) => new Uint8Array(bytes) },
  ])("the bytes that it kept as rawBody, $kept, are taken (Google Cloud Functions)", async ({ keep }) => {
    const { url, runs, idle } = await serve(keep);
    const delivery = signed();
    expect(await post(url, delivery)).toBe(200);
    expect(await post(url, forged())).toBe(400);
    await idle();
    expect(runs).toEqual([delivery.messageId]);
  });

  test("and kept nothing: 500, valid and forged alike", async () => {
    const { url, runs, codes, idle } = await serve(() => undefined);
    expect([await post(url, signed()), await post(url, forged())]).toEqual([500, 500]);
    expect(codes()).toEqual(["body_already_parsed", "body_already_parsed"]);
    await idle();
    expect(runs).toEqual([]);
  });
});

test("a connection is kept through accepted and refused deliveries, and a 413 of a body sent whole", async () => {
  const { runs, options } = recorder();
  const webhooks = diffioWebhooks({ ...options, maxBodyBytes: 1024 });
  const send = keptAliveClient(await listen(new Hono().post(PATH, webhooks)));
  const accepted = [signed(), signed(), signed()] as const;

  const replies = [
    await send(accepted[0]),
    await send(forged()),
    await send(accepted[1]),
    await send(signed("x".repeat(200_000))),
    await send(accepted[2]),
  ];

  expect(replies).toEqual([
    { status: 200, reused: false },
    { status: 400, reused: true },
    { status: 200, reused: true },
    { status: 413, reused: true },
    { status: 200, reused: true },
  ]);
  await webhooks.receiver.idle();
  expect(runs).toEqual(accepted.map(({ messageId }) => messageId));
});

describe("a client that sends all and goes away", () => {
  test("its message runs once, and a resend runs nothing", async () => {
    const { runs, options } = recorder();
    const webhooks = diffioWebhooks(options);
    const url = await listen(new Hono().post(PATH, webhooks));
    const delivery = signed();

    await sendAndLeave(url, delivery);
    await expect.poll(() => runs).toEqual([delivery.messageId]);
    expect(await post(url, delivery)).toBe(200);
    await webhooks.receiver.idle();
    expect(runs).toEqual([delivery.messageId]);
  });

  test.each([
    { what: "a slow middleware", before: [isSlow] },
    { what: "a slow middleware that has its bytes", before: [keepsText, isSlow] },
  ])(
    "before $what has let it through: nothing hangs, and it runs once, at the resend at the latest",
    async ({ before }) => {
      const { runs, options } = recorder();
      const webhooks = diffioWebhooks(options);
      const app = new Hono();
      for (const middleware of before) app.use(middleware);
      app.post(PATH, webhooks);
      const url = await listen(app);
      const delivery = signed();

      await sendAndLeave(url, delivery);
      await pause(300);
      expect(await settledSoon(webhooks.receiver.idle())).toBe("settled");
      expect(await post(url, delivery)).toBe(200);
      expect(await settledSoon(webhooks.receiver.idle())).toBe("settled");
      expect(runs).toEqual([delivery.messageId]);
      expect(await settledSoon(webhooks.receiver.close())).toBe("settled");
    },
  );
});
