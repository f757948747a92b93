import { describe, expect, test, vi } from "vitest";
import { payload, signedRequest } from "../deliveries.ts";
import { postRaw, rawHead } from "../http.ts";
import { PATHS } from "../servers/fixture.ts";
import type { AdapterDriver } from "./driver.ts";

/** The reply comes after the callbacks. */
export function describeAfterHandlers({ origin, deliver, ledgerNow, runsOf }: AdapterDriver): void {
  describe('acknowledge: "after-handlers"', () => {
    test("a callback that succeeds → 200", async () => {
      const request = signedRequest(payload(), { path: PATHS.afterHandlers });
      expect((await deliver(request)).status).toBe(200);
      expect((await deliver(request)).status).toBe(200);
      expect(await runsOf(request.messageId)).toHaveLength(1);
    });

    test("a callback that fails → 500 handler_failed, once for each attempt of the sender", async () => {
      const request = signedRequest(payload({ generationId: "throws" }), { path: PATHS.afterHandlers });
      for (let attempt = 1; attempt <= 2; attempt++) {
        const { status, text } = await deliver(request);
        expect({ status, text }).toEqual({ status: 500, text: '{"error":"handler_failed"}' });
        expect(await runsOf(request.messageId)).toHaveLength(attempt);
      }
    });

    test("a copy that arrives meanwhile shares the run", async () => {
      const request = signedRequest(payload({ generationId: "is slow" }), { path: PATHS.afterHandlers });
      const replies = await Promise.all([deliver(request), deliver(request), deliver(request)]);
      expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(await runsOf(request.messageId)).toHaveLength(1);
    });

    test("a client that gives up, then a copy when the run has ended: 200, and no second run", async () => {
      const request = signedRequest(payload({ generationId: "is slow" }), { path: PATHS.afterHandlers });
      const connection = postRaw(origin());
      connection.write(rawHead(request, `content-length: ${request.body?.length ?? 0}`));
      connection.write(request.body ?? "");
      await vi.waitFor(
        async () => {
          const { runs } = await ledgerNow();
          expect(runs.filter(({ messageId }) => messageId === request.messageId)).toHaveLength(1);
        },
        { timeout: 10_000 },
      );
      connection.destroy();
      expect(await runsOf(request.messageId)).toHaveLength(1);
      expect((await deliver(request)).status).toBe(200);
      expect(await runsOf(request.messageId)).toHaveLength(1);
    });
  });
}
