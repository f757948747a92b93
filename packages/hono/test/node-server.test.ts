import { describeConnections } from "@diffio-webhooks/test-support/connection-suite";
import { post } from "@diffio-webhooks/test-support/connections";
import { PATH, forged, signed } from "@diffio-webhooks/test-support/deliveries";
import { recorder } from "@diffio-webhooks/test-support/recorder";
import { pause } from "@diffio-webhooks/test-support/waiting";
import { type MiddlewareHandler, Hono } from "hono";
import { describe, expect, test } from "vitest";
import { diffioWebhooks } from "../src/index.ts";
import { listen } from "./support/servers.ts";

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

describeConnections<MiddlewareHandler>({
  async serve(options, before) {
    const webhooks = diffioWebhooks(options);
    const app = new Hono();
    for (const middleware of before) app.use(middleware);
    app.post(PATH, webhooks);
    return { url: await listen(app), receiver: webhooks.receiver };
  },
  endsLate: { "a middleware that goes on after next()": [endsLate] },
  isSlow: {
    "a slow middleware": [isSlow],
    "a slow middleware that has its bytes": [keepsText, isSlow],
  },
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
