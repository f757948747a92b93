import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeAfterHandlers } from "./adapter-suite/after-handlers.ts";
import { describeConnections } from "./adapter-suite/connections.ts";
import { adapterDriver } from "./adapter-suite/driver.ts";
import { describeLeaks } from "./adapter-suite/leaks.ts";
import { describeObserver } from "./adapter-suite/observer.ts";
import type { Adapter } from "./adapters.ts";
import { DELIVERIES, type DeliveryCase, PARSED_DELIVERIES, payload, signedRequest } from "./deliveries.ts";
import { PATHS, SECRETS } from "./servers/fixture.ts";

/** Runs the whole contract against one adapter, over real HTTP. */
export function describeAdapter(adapter: Adapter): void {
  describe(adapter.name, () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "diffio-contract-"));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    const driver = adapterDriver(adapter);
    const { deliver, ledger, runsOf } = driver;

    async function check({ request: make, expected }: DeliveryCase): Promise<void> {
      const request = make();
      const reply = await deliver(request);
      const { rejections } = await ledger();
      const runs = await runsOf(request.messageId);
      expect({ status: reply.status, runs: runs.length }).toEqual({
        status: expected.status,
        runs: expected.runs ? 1 : 0,
      });
      if (request.method !== "HEAD") {
        expect(JSON.parse(reply.text)).toEqual(
          expected.error ? { error: expected.error } : { received: true },
        );
      }
      expect(reply.headers["content-type"]).toMatch(/^application\/json/);
      if (expected.error)
        expect(rejections.at(-1)).toMatchObject({
          path: request.path,
          code: expected.error,
          hasPlatform: true,
        });
      if (expected.status === 405) expect(reply.headers["allow"]).toBe("POST");
      if (expected.runs)
        expect(runs[0]).toMatchObject({
          path: request.path,
          run: 1,
          hasPlatform: true,
          rawBytes: request.body?.length,
        });
      if (expected.secretName) expect(runs[0]?.secretName).toBe(expected.secretName);
    }

    describe("a delivery", () => {
      for (const delivery of DELIVERIES) {
        const { status, error } = delivery.expected;
        test(`${delivery.name} → ${status}${error ? ` ${error}` : ""}`, () => check(delivery));
      }
    });

    describe("behind a middleware that parsed the body", () => {
      if (adapter.sharesBody) {
        for (const delivery of PARSED_DELIVERIES) test(`${delivery.name} → 500`, () => check(delivery));
        test("the hint names a mend", async () => {
          await deliver(signedRequest(payload(), { path: PATHS.parsed }));
          expect((await ledger()).rejections.at(-1)?.hint).toMatch(/before/);
        });
      } else {
        test("cannot happen: the plugin owns its route and reads before any parser", async () => {
          expect((await deliver(signedRequest(payload(), { path: PATHS.parsed }))).status).toBe(200);
        });
      }
    });

    describe("the same message again", () => {
      test("one after another: answered 200, run once", async () => {
        const request = signedRequest(payload());
        for (let copy = 0; copy < 3; copy++) expect((await deliver(request)).status).toBe(200);
        expect(await runsOf(request.messageId)).toHaveLength(1);
      });

      test("20 at once: all answered 200, run once", async () => {
        const request = signedRequest(payload());
        const replies = await Promise.all(Array.from({ length: 20 }, () => deliver(request)));
        expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
        expect(await runsOf(request.messageId)).toHaveLength(1);
      });

      test.each(["gen_123", "is slow"])(
        "with another signed body: the first one counts (%s)",
        async (generationId) => {
          const first = signedRequest(payload({ generationId }));
          const { messageId } = first;
          const other = signedRequest(payload({ generationId: "another generation" }), { messageId });
          expect((await deliver(first)).status).toBe(200);
          expect((await deliver(other)).status).toBe(200);
          expect(await runsOf(messageId)).toMatchObject([{ rawBytes: first.body?.length }]);
          const { steps } = await ledger();
          expect(steps.filter((step) => step.messageId === messageId).map(({ step }) => step)).toContain(
            "duplicate",
          );
        },
      );
    });

    describe("a callback that fails", () => {
      for (const behaviour of ["throws", "rejects"]) {
        test(`${behaviour}: answered 200, run three times, the last one told to be final`, async () => {
          const request = signedRequest(payload({ generationId: behaviour }));
          expect((await deliver(request)).status).toBe(200);
          const { errors } = await ledger();
          expect(errors.filter(({ messageId }) => messageId === request.messageId)).toMatchObject([
            { run: 1, final: false },
            { run: 2, final: false },
            { run: 3, final: true },
          ]);
        });
      }

      test("never ends: answered 200, and each run is ended by its timeout", async () => {
        const request = signedRequest(payload({ generationId: "never ends" }), { path: PATHS.impatient });
        expect((await deliver(request)).status).toBe(200);
        const { errors } = await ledger();
        expect(errors.filter(({ messageId }) => messageId === request.messageId)).toHaveLength(3);
      });

      test("blocks the thread: the reply has left before", async () => {
        const marker = join(folder, "replied");
        const request = signedRequest(payload({ generationId: "blocks", blockMarker: marker }));
        const sent = performance.now();
        expect((await deliver(request)).status).toBe(200);
        const replied = performance.now();
        writeFileSync(marker, "");
        const [run] = await runsOf(request.messageId);
        // Without a word from the callback: most of the time passed after the reply.
        const beforeTheEnd = performance.now() - replied > replied - sent;
        expect(run?.replyLeftFirst ?? beforeTheEnd).toBe(true);
      });
    });

    test("a key that is retired in a running server: refused from the next delivery on", async () => {
      const path = PATHS.retiring;
      const bySecret = async (secret: string, generationId?: string): Promise<number> =>
        (
          await deliver(
            signedRequest(payload({ generationId: generationId ?? "gen" }), { path, secrets: [secret] }),
          )
        ).status;
      expect(await bySecret(SECRETS.previous)).toBe(200);
      expect(await bySecret(SECRETS.current, "retires the old key")).toBe(200);
      await ledger();
      expect(await bySecret(SECRETS.previous)).toBe(400);
      expect((await ledger()).rejections.at(-1)).toMatchObject({ path, code: "no_matching_signature" });
      expect(await bySecret(SECRETS.current)).toBe(200);
    });

    describeAfterHandlers(driver);
    describeConnections(driver);
    describeObserver(driver);
    describeLeaks(driver);
  });
}
