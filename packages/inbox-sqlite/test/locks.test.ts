import { createReceiver } from "@diffio-webhooks/core";
import { signed } from "@diffio-webhooks/test-support/deliveries";
import { SECRET } from "@diffio-webhooks/test-support/signing";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  attach,
  database,
  eventually,
  message,
  newPath,
  open,
  refusal,
  unavailable,
} from "./support/inboxes.ts";

/** Locks the file as another program would; gives what unlocks it. */
function lock(path: string): () => void {
  const other = database(path);
  other.exec("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE");
  return () => other.exec("COMMIT");
}

test("a lock that is gone in time: deliveries wait for it", async () => {
  const path = newPath();
  const inbox = open(path);
  await inbox.accept(message());
  const unlock = lock(path);
  const waiting = Promise.all([refusal(inbox), refusal(inbox)]);
  setTimeout(unlock, 2500);
  expect(await waiting).toEqual(["accepted", "accepted"]);
});

test("a lock that stays: deliveries are refused in time, the service goes on, and nothing is lost or done twice", async () => {
  const told = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => told.mockRestore());
  const path = newPath();
  const inbox = open(path, { leaseInSeconds: 1 });
  const { runs, interrupted, attachment } = attach(inbox);
  await inbox.accept(message());
  await eventually(() => runs.length).toBe(1);
  const unlock = lock(path);

  let turns = 0;
  const ticking = setInterval(() => (turns += 1), 10);
  const refused = message();
  expect(await Promise.all([refusal(inbox, refused), refusal(inbox)])).toEqual([
    unavailable(/holds a lock/),
    unavailable(/holds a lock/),
  ]);
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(20);

  // A receiver, which gives up by itself after a while, hears of the lock before.
  const refusals: unknown[] = [];
  const receiver = createReceiver({
    name: "other",
    inbox,
    signingSecret: SECRET,
    onRejected: (error) => void refusals.push(error),
  });
  expect(await receiver.receive({ method: "POST", ...signed() })).toMatchObject({ status: 503 });
  expect(refusals).toEqual([unavailable(/holds a lock/)]);

  // Readers need no lock, and are not held up by what needs one.
  const other = refusal(inbox);
  expect(await inbox.counts()).toMatchObject({ running: 1, pending: 0 });
  expect(await other).toEqual(unavailable(/holds a lock/));

  // The run ends while its end cannot be written down, and its lease has run out.
  runs[0]?.end();
  const late = refusal(inbox);
  setTimeout(unlock, 500);
  expect(await late).toBe("accepted");
  expect(await inbox.accept(refused)).toEqual({ duplicate: false });
  await eventually(() => runs.length).toBe(3);
  for (const run of runs) run.end();
  await attachment.idle();
  expect(await inbox.counts()).toMatchObject({ done: 3, pending: 0, running: 0, dead: 0 });
  expect([interrupted, runs.map(({ attempt }) => attempt.signal?.aborted)]).toEqual([
    [],
    [false, false, false],
  ]);
  expect(told.mock.calls.length).toBeLessThanOrEqual(1);
}, 90_000);
