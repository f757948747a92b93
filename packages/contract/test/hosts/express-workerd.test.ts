import { join } from "node:path";
import { type RunningWorker, bundleWithWrangler, startWorkerd } from "@diffio-webhooks/test-support/workerd";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PATHS, SECRETS, payload, send, signedRequest } from "../../src/index.ts";
import type { Ledger } from "../../src/index.ts";

const ENTRY = join(import.meta.dirname, "../../src/hosts/express-workerd.ts");

describe("Express on Workers, by httpServerHandler", () => {
  let worker: RunningWorker;
  beforeAll(async () => {
    worker = await startWorkerd(await bundleWithWrangler(ENTRY), { compatibilityFlags: ["nodejs_compat"] });
  });
  afterAll(() => worker.close());

  const ledger = async (): Promise<Ledger> =>
    JSON.parse((await send(worker.url, { method: "GET", path: "/ledger" })).text) as Ledger;

  test("a signed delivery is answered 200, and run once, however many copies come", async () => {
    const request = signedRequest(payload());
    for (let copy = 0; copy < 3; copy++) {
      expect(await send(worker.url, request)).toMatchObject({ status: 200, text: '{"received":true}' });
    }
    const { runs } = await ledger();
    expect(runs.filter(({ messageId }) => messageId === request.messageId)).toMatchObject([{ run: 1 }]);
  });

  test("a forged one is refused", async () => {
    const forged = signedRequest(payload(), { secrets: [SECRETS.foreign] });
    expect(await send(worker.url, forged)).toMatchObject({
      status: 400,
      text: '{"error":"no_matching_signature"}',
    });
  });

  test('acknowledge: "after-handlers"', async () => {
    const path = PATHS.afterHandlers;
    expect((await send(worker.url, signedRequest(payload(), { path }))).status).toBe(200);
    const failing = signedRequest(payload({ generationId: "throws" }), { path });
    expect((await send(worker.url, failing)).status).toBe(500);
  });

  test("nothing was left unhandled, and no warning of lost work", () => {
    expect(worker.stderr()).not.toMatch(/unhandled|uncaught|may stop this process/i);
  });
});
