import type { RequestHandler } from "express";
import { describe, expect, test } from "vitest";
import { diffioWebhooks } from "../src/index.ts";
import { blockingClient } from "./support/blocking-client.ts";
import { keptAliveClient, pause, sendAndLeave, settledSoon } from "./support/connections.ts";
import { PATH, forged, recorder, signed } from "./support/deliveries.ts";
import { VERSIONS, listen } from "./support/servers.ts";

/** What express-session and its like do: the reply ends only when the session is stored. */
const endsLate: RequestHandler = (_req, res, next) => {
  const end = res.end.bind(res) as (...args: unknown[]) => unknown;
  res.end = ((...args: unknown[]) => {
    setTimeout(() => end(...args), 150);
    return res;
  }) as typeof res.end;
  next();
};

const isSlow: RequestHandler = (_req, _res, next) => {
  setTimeout(next, 150);
};

describe.each(VERSIONS)("$version", ({ framework }) => {
  describe("a callback that blocks starts only when the reply has left", () => {
    test.each([
      { behind: "nothing", before: [] },
      { behind: "a middleware that ends the reply later", before: [endsLate] },
    ])("behind $behind", async ({ before }) => {
      const client = blockingClient();
      let repliedFirst: boolean | undefined;
      const { options } = recorder();
      const webhooks = diffioWebhooks({
        ...options,
        onAny: () => {
          repliedFirst = client.blockUntilReplied();
        },
      });
      const app = framework();
      if (before.length > 0) app.use(...before);
      app.post(PATH, webhooks);
      const { url } = await listen(app);

      expect(await client.send(url, signed())).toBe(200);
      await webhooks.receiver.idle();
      expect(repliedFirst).toBe(true);
    });
  });

  test("a connection is kept through accepted and refused deliveries, and a 413 of a body sent whole", async () => {
    const { runs, refusals, options } = recorder();
    const webhooks = diffioWebhooks({ ...options, maxBodyBytes: 1024 });
    const { url } = await listen(framework().post(PATH, webhooks));
    const send = keptAliveClient(url);
    const accepted = [signed(), signed(), signed(), signed()] as const;

    const replies = [
      await send(accepted[0]),
      await send(accepted[1]),
      await send(forged()),
      await send(accepted[2]),
      await send(signed("x".repeat(200_000))),
      await send(accepted[3]),
    ];

    expect(replies).toEqual([
      { status: 200, reused: false },
      { status: 200, reused: true },
      { status: 400, reused: true },
      { status: 200, reused: true },
      { status: 413, reused: true },
      { status: 200, reused: true },
    ]);
    await webhooks.receiver.idle();
    expect(runs).toEqual(accepted.map(({ messageId }) => messageId));
    expect(refusals.map(({ code }) => code)).toEqual(["no_matching_signature", "body_too_large"]);
  });

  test("a refusal that never reads the body leaves the connection usable", async () => {
    const { runs, options } = recorder();
    const webhooks = diffioWebhooks(options);
    const { url } = await listen(framework().post(PATH, webhooks));
    const send = keptAliveClient(url);
    const { headers, ...delivery } = signed("x".repeat(200_000));
    delete headers["svix-id"];

    expect((await send({ ...delivery, headers })).status).toBe(400);
    const next = signed();
    expect((await send(next)).status).toBe(200);
    await webhooks.receiver.idle();
    expect(runs).toEqual([next.messageId]);
  });

  describe("a client that sends all and goes away", () => {
    test("its message runs once, and a resend runs nothing", async () => {
      const { runs, options } = recorder();
      const webhooks = diffioWebhooks(options);
      const { url } = await listen(framework().post(PATH, webhooks));
      const delivery = signed();

      await sendAndLeave(url, delivery);
      await expect.poll(() => runs).toEqual([delivery.messageId]);
      const resend = await fetch(url, { method: "POST", headers: delivery.headers, body: delivery.body });
      expect(resend.status).toBe(200);
      await webhooks.receiver.idle();
      expect(runs).toEqual([delivery.messageId]);
    });

    test("before a slow middleware has let it through: nothing hangs, and the resend runs", async () => {
      const { runs, options } = recorder();
      const webhooks = diffioWebhooks(options);
      const { url } = await listen(framework().use(isSlow).post(PATH, webhooks));
      const delivery = signed();

      await sendAndLeave(url, delivery);
      await pause(300);
      const resend = await fetch(url, { method: "POST", headers: delivery.headers, body: delivery.body });
      expect(resend.status).toBe(200);
      expect(await settledSoon(webhooks.receiver.idle())).toBe("settled");
      expect(runs).toEqual([delivery.messageId]);
    });

    test("before a slow middleware that has its bytes has let it through: it runs once, and nothing hangs", async () => {
      const { runs, options } = recorder();
      const webhooks = diffioWebhooks(options);
      const app = framework().use(framework.raw({ type: () => true }), isSlow);
      const { url } = await listen(app.post(PATH, webhooks));
      const delivery = signed();

      await sendAndLeave(url, delivery);
      await pause(300);
      expect(await settledSoon(webhooks.receiver.idle())).toBe("settled");
      const resend = await fetch(url, { method: "POST", headers: delivery.headers, body: delivery.body });
      expect(resend.status).toBe(200);
      expect(await settledSoon(webhooks.receiver.idle())).toBe("settled");
      expect(runs).toEqual([delivery.messageId]);
      expect(await settledSoon(webhooks.receiver.close())).toBe("settled");
    });
  });
});
