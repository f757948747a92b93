import { describeConnections } from "@diffio-webhooks/test-support/connection-suite";
import { keptAliveClient } from "@diffio-webhooks/test-support/connections";
import { PATH, signed } from "@diffio-webhooks/test-support/deliveries";
import { recorder } from "@diffio-webhooks/test-support/recorder";
import type { RequestHandler } from "express";
import { describe, expect, test } from "vitest";
import { diffioWebhooks } from "../src/index.ts";
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
  describeConnections<RequestHandler>({
    async serve(options, before) {
      const webhooks = diffioWebhooks(options);
      const app = framework();
      if (before.length > 0) app.use(...before);
      app.post(PATH, webhooks);
      const { url } = await listen(app);
      return { url, receiver: webhooks.receiver };
    },
    endsLate: { "a middleware that ends the reply later": [endsLate] },
    isSlow: {
      "a slow middleware": [isSlow],
      "a slow middleware that has its bytes": [framework.raw({ type: () => true }), isSlow],
    },
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
});
