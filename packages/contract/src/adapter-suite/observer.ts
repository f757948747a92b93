import { describe, expect, test } from "vitest";
import { payload, signedRequest } from "../deliveries.ts";
import { PATHS, SECRETS } from "../servers/fixture.ts";
import type { AdapterDriver } from "./driver.ts";

/** The observer sees each step, and can change none. */
export function describeObserver({ deliver, ledger, output }: AdapterDriver): void {
  describe("an observer that throws or rejects", () => {
    test("sees every step, changes nothing, and its errors are logged", async () => {
      const path = PATHS.unruly;
      const request = signedRequest(payload(), { path });
      const forged = signedRequest(payload(), { path, secrets: [SECRETS.foreign] });
      const failing = signedRequest(payload({ generationId: "throws" }), { path });
      const statuses: number[] = [];
      for (const one of [request, request, forged, failing]) {
        statuses.push((await deliver(one)).status);
        await ledger();
      }
      expect(statuses).toEqual([200, 200, 400, 200]);
      const { steps, runs } = await ledger();
      const { messageId } = request;
      const failed = { messageId: failing.messageId, failure: "handler_failed" };
      const seen = steps.filter((step) => step.path === path);
      expect(seen).toEqual(
        [
          { step: "received" },
          { step: "accepted", messageId },
          { step: "runStarted", messageId, run: 1 },
          { step: "runEnded", messageId, run: 1 },
          { step: "received" },
          { step: "duplicate", messageId },
          { step: "received" },
          { step: "refused", code: "no_matching_signature" },
          { step: "received" },
          { step: "accepted", messageId: failing.messageId },
          ...[1, 2, 3].flatMap((run) => [
            { step: "runStarted", messageId: failing.messageId, run },
            { step: "runEnded", run, ...failed },
          ]),
        ].map((step) => ({ path, ...step })),
      );
      expect(runs.filter((run) => run.path === path)).toHaveLength(4);
      for (const step of ["received", "refused", "duplicate", "accepted", "runStarted", "runEnded"]) {
        expect(output()).toContain(`the hook observer.${step} failed`);
      }
    });
  });
}
