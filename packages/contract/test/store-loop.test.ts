import type { AcceptedMessage, AttachedReceiver, RunAttempt, RunOutcome } from "@diffio-webhooks/core";
import { type MessageStore, type StoreInbox, createStoreInbox } from "@diffio-webhooks/core/inbox";
import { newMessageId } from "@diffio-webhooks/test-support/signing";
import { pause } from "@diffio-webhooks/test-support/waiting";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { memoryStore } from "../src/inboxes/memory-store.ts";

// What the work loop does over any store: with one whose clock and answers a test controls.

const HOUR_MS = 3_600_000;
const OPTIONS = { backoffInSeconds: 0.05, closeTimeoutInSeconds: 0.1, leaseInSeconds: 1, maxRuns: 3 };

interface OpenRun {
  readonly messageId: string;
  readonly attempt: RunAttempt;
  end(outcome?: RunOutcome): void;
}

function open(store: MessageStore, options: object = {}): StoreInbox {
  const inbox = createStoreInbox(store, { ...OPTIONS, ...options });
  onTestFinished(() => inbox.close());
  return inbox;
}

function attach(
  inbox: StoreInbox,
  name = "default",
): { runs: OpenRun[]; interrupted: string[]; attachment: ReturnType<StoreInbox["attach"]> } {
  const runs: OpenRun[] = [];
  const interrupted: string[] = [];
  const receiver: AttachedReceiver = {
    name,
    run: ({ messageId }, attempt) =>
      new Promise((resolve) => {
        runs.push({ messageId, attempt, end: (outcome = { succeeded: true }) => resolve(outcome) });
      }),
    interrupted: ({ messageId }) => void interrupted.push(messageId),
  };
  return { runs, interrupted, attachment: inbox.attach(receiver) };
}

function message(receiver = "default"): AcceptedMessage {
  return { receiver, messageId: newMessageId(), timestamp: new Date(), rawBody: Buffer.from("{}") };
}

const eventually = <Value>(look: () => Value | Promise<Value>): ReturnType<typeof expect.poll<Value>> =>
  expect.poll(look, { timeout: 10_000 });

const FAILED: RunOutcome = {
  succeeded: false,
  final: false,
  reason: "handler_failed",
  error: new Error("as told"),
};

describe("a clock that is set", () => {
  test.each([
    ["back", -HOUR_MS],
    ["forward", HOUR_MS],
  ])("%s an hour repeats no run that goes on, and holds no message that waits", async (_way, step) => {
    let offset = 0;
    const inbox = open(
      memoryStore(() => Date.now() + offset),
      { concurrency: 1 },
    );
    const { runs, interrupted, attachment } = attach(inbox);
    const [running, ...waiting] = [message(), message(), message()];
    for (const one of [running, ...waiting]) if (one) await inbox.accept(one);
    await eventually(() => runs.length).toBe(1);
    await pause(1100);
    offset = step;
    // Several leases of the store's clock.
    await pause(2500);
    expect([runs.length, interrupted, runs[0]?.attempt.signal?.aborted]).toEqual([1, [], false]);
    const { oldestPendingInSeconds, pending } = await inbox.counts();
    expect(pending).toBe(2);
    expect(oldestPendingInSeconds).toBeGreaterThan(3);
    for (let ended = 0; ended < 3; ended++) {
      await eventually(() => runs.length).toBe(ended + 1);
      runs[ended]?.end();
    }
    await attachment.idle();
    expect(await inbox.counts()).toMatchObject({ done: 3, pending: 0, running: 0, dead: 0 });
  });

  test("back while a retry waits: it comes no later than it would have", async () => {
    let offset = 0;
    const inbox = open(
      memoryStore(() => Date.now() + offset),
      { backoffInSeconds: 2 },
    );
    const { runs } = attach(inbox);
    await inbox.accept(message());
    await eventually(() => runs.length).toBe(1);
    runs[0]?.end(FAILED);
    await pause(200);
    offset = -HOUR_MS;
    await eventually(() => runs.length).toBe(2);
    runs[1]?.end();
  });
});

describe("a process that is taken for dead", () => {
  test("hears of it, starts nothing twice here, and goes on under a new name", async () => {
    const store = memoryStore();
    const inbox = open(store);
    const { runs, attachment } = attach(inbox);
    await inbox.accept(message());
    await eventually(() => runs.length).toBe(1);
    const { owners } = await store.look(["default"], null);
    expect(owners).toHaveLength(1);
    await store.takeOver(owners[0] ?? { id: 0, beat: 0, gone: true });
    await eventually(() => runs[0]?.attempt.signal?.aborted).toBe(true);
    // It died alone, as far as anybody knows: its run counts.
    await eventually(() => runs.length).toBe(2);
    expect(runs[1]?.attempt.run).toBe(2);
    runs[0]?.end();
    runs[1]?.end();
    await attachment.idle();
    expect(await inbox.counts()).toMatchObject({ done: 1, running: 0 });
  });

  test("by its beat, which another process watches", async () => {
    const store = memoryStore();
    // As if its process were stopped: it says nothing any more.
    const silent: MessageStore = { ...store, renew: () => new Promise(() => {}) };
    const first = attach(open(silent));
    await open(silent).accept(message());
    await eventually(() => first.runs.length).toBe(1);
    const second = attach(open(store));
    await eventually(() => second.runs.length).toBe(1);
    expect(second.runs[0]?.attempt.run).toBe(2);
    expect(second.interrupted).toHaveLength(1);
    second.runs[0]?.end();
    await second.attachment.idle();
  });
});

test("an answer that is lost: what was taken is released, and runs once", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => void vi.restoreAllMocks());
  const store = memoryStore();
  let losesAnswers = true;
  const inbox = open(
    {
      ...store,
      async accept(...args) {
        const answer = await store.accept(...args);
        if (losesAnswers) throw new Error("The answer was lost.");
        return answer;
      },
    },
    { leaseInSeconds: 300 },
  );
  const { runs, attachment } = attach(inbox);
  const one = message();
  await expect(inbox.accept(one)).rejects.toThrow("lost");
  losesAnswers = false;
  expect(await inbox.accept(one)).toMatchObject({ duplicate: true, sameBody: true });
  await eventually(() => runs.length).toBe(1);
  expect(runs[0]?.attempt.run).toBe(1);
  runs[0]?.end();
  await attachment.idle();
  expect(runs).toHaveLength(1);
});

test("an end that cannot be written down is written later, and nothing is lost meanwhile", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => void vi.restoreAllMocks());
  const store = memoryStore();
  let isDown = true;
  const inbox = open({
    ...store,
    finish: async (...args) => {
      if (isDown) throw new Error("The engine is down.");
      return store.finish(...args);
    },
  });
  const { runs, attachment } = attach(inbox);
  await inbox.accept(message());
  await eventually(() => runs.length).toBe(1);
  runs[0]?.end();
  await pause(2500);
  expect(await inbox.counts()).toMatchObject({ running: 1 });
  isDown = false;
  await attachment.idle();
  expect([runs.length, await inbox.counts()]).toMatchObject([1, { done: 1 }]);
});

describe("a store that is broken on purpose is found out", () => {
  /** How often a message runs whose first run outlasts its lease, beside another process. */
  async function runsBeside(broken: (store: MessageStore) => MessageStore): Promise<number> {
    const store = memoryStore();
    const [first, second] = [attach(open(broken(store))), attach(open(broken(store)))];
    await open(store).accept(message());
    await eventually(() => first.runs.length + second.runs.length).toBe(1);
    await pause(3500);
    for (const run of [...first.runs, ...second.runs]) run.end();
    await first.attachment.idle();
    return first.runs.length + second.runs.length;
  }

  test("one that renews nothing: others take over runs that go on", async () => {
    expect(await runsBeside((store) => store)).toBe(1);
    expect(await runsBeside((store) => ({ ...store, renew: async () => [] }))).toBeGreaterThan(1);
  });

  test("one that ignores the fence: a run that has lost its lease ends what another one is doing", async () => {
    /** What is done while the second run goes on, once the first has said that it is. */
    async function doneEarly(broken: (store: MessageStore) => MessageStore): Promise<number> {
      const store = memoryStore();
      const inbox = open({ ...broken(store), renew: async () => [] }, { leaseInSeconds: 300 });
      const { runs } = attach(inbox);
      await inbox.accept(message());
      await eventually(() => runs.length).toBe(1);
      const { owners } = await store.look(["default"], null);
      await store.takeOver(owners[0] ?? { id: 0, beat: 0, gone: true });
      const heir = attach(open(store));
      await eventually(() => heir.runs.length).toBe(1);
      runs[0]?.end();
      await pause(300);
      const { done } = await store.counts();
      heir.runs[0]?.end();
      return done;
    }
    const forging = (store: MessageStore): MessageStore => ({
      ...store,
      async finish(ended) {
        const [heir] = (await store.look(["default"], null)).owners;
        return store.finish(
          ended.flatMap((one) =>
            [1, 2, 3].map((claim) => ({ ...one, lease: { owner: heir?.id ?? 0, claim } })),
          ),
        );
      },
    });
    expect(await doneEarly((store) => store)).toBe(0);
    expect(await doneEarly(forging)).toBe(1);
  });
});
