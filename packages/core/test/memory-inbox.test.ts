import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { memoryInbox } from "../src/index.ts";
import type {
  Acceptance,
  AcceptedMessage,
  Inbox,
  InboxAttachment,
  MemoryInboxOptions,
  RunAttempt,
} from "../src/index.ts";
import { errorOf, post, turns } from "./support/deliveries.ts";
import { openReceiver } from "./support/receivers.ts";

vi.mock("../src/lib/timers.ts", () => import("@diffio-webhooks/test-support/fakeable-timers"));

function message(messageId: string, receiver = "default"): AcceptedMessage {
  return {
    receiver,
    messageId,
    timestamp: new Date(0),
    rawBody: new Uint8Array(),
    eventType: "generation.queued",
  };
}

/** Takes a message as a receiver does; the memory inbox answers at once. */
function accept(inbox: Inbox, messageId: string, receiver?: string): Acceptance {
  return inbox.accept(message(messageId, receiver)) as Acceptance;
}

/** What a receiver hands its inbox, made from a run that rejects where it fails. */
function attach(
  inbox: Inbox,
  run: (message: AcceptedMessage, attempt: RunAttempt) => Promise<unknown>,
  name = "default",
): InboxAttachment | undefined {
  return inbox.attach?.({
    name,
    async run(accepted, attempt) {
      try {
        await run(accepted, attempt);
        return { succeeded: true };
      } catch (error) {
        return { succeeded: false, final: attempt.final, reason: "handler_failed", error };
      }
    },
    interrupted: () => {},
  });
}

/** Runs that go on until the test ends them. */
function gatedRuns() {
  const started: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<void>>();
  let running = 0;
  let most = 0;
  return {
    started,
    get running() {
      return running;
    },
    get most() {
      return most;
    },
    async run({ messageId }: AcceptedMessage): Promise<void> {
      started.push(messageId);
      running += 1;
      most = Math.max(most, running);
      const gate = Promise.withResolvers<void>();
      gates.set(messageId, gate);
      await gate.promise.finally(() => {
        running -= 1;
      });
    },
    async end(messageId: string): Promise<void> {
      gates.get(messageId)?.resolve();
      await turns();
    },
    async fail(messageId: string): Promise<void> {
      gates.get(messageId)?.reject(new Error("failed"));
      await turns();
    },
  };
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `msg_${index}`);

describe("duplicates", () => {
  test("one that is waiting, one that runs and one that is done", async () => {
    const inbox = memoryInbox({ concurrency: 1 });
    const runs = gatedRuns();
    const { idle } = attach(inbox, runs.run) ?? {};
    expect(accept(inbox, "a")).toMatchObject({ duplicate: false, runs: expect.any(Promise) });
    expect(accept(inbox, "b").duplicate).toBe(false);
    await turns();
    expect(runs.started).toStrictEqual(["a"]);
    expect(accept(inbox, "a").duplicate).toBe(true);
    expect(accept(inbox, "b").duplicate).toBe(true);
    await runs.end("a");
    await runs.end("b");
    await idle?.();
    expect(accept(inbox, "a").duplicate).toBe(true);
    expect(accept(inbox, "b").duplicate).toBe(true);
    await idle?.();
    expect(runs.started).toStrictEqual(["a", "b"]);
  });

  test("a hundred copies at once are one message", async () => {
    const onAny = vi.fn();
    const receiver = openReceiver({ onAny });
    const replies = await Promise.all(Array.from({ length: 100 }, () => receiver.receive(post())));
    await receiver.idle();
    expect(new Set(replies.map(({ status }) => status))).toStrictEqual(new Set([200]));
    expect(onAny).toHaveBeenCalledTimes(1);
    expect(replies.filter(({ runs }) => runs !== undefined)).toHaveLength(1);
  });

  test("one that is between two of its runs", async () => {
    const inbox = memoryInbox({ backoffInSeconds: 3600 });
    const run = vi.fn().mockRejectedValueOnce(new Error("failed")).mockResolvedValue(undefined);
    const attached = attach(inbox, run);
    accept(inbox, "a");
    await turns();
    expect(run).toHaveBeenCalledTimes(1);
    expect(accept(inbox, "a").duplicate).toBe(true);
    await attached?.close();
    expect(run).toHaveBeenCalledTimes(2);
  });

  test("one that was given up runs anew, from run 1, with all its runs", async () => {
    const attempts: RunAttempt[] = [];
    const inbox = memoryInbox({ maxRuns: 2, backoffInSeconds: 0 });
    const attached = attach(inbox, async (_message, attempt) => {
      attempts.push(attempt);
      throw new Error("failed");
    });
    for (let resend = 0; resend < 2; resend++) {
      expect(accept(inbox, "a").duplicate).toBe(false);
      await attached?.idle();
    }
    const twice = [
      { run: 1, final: false },
      { run: 2, final: true },
    ];
    expect(attempts).toStrictEqual([...twice, ...twice]);
  });

  test("the promise of its runs resolves when the message is done, and when it is given up", async () => {
    const inbox = memoryInbox({ maxRuns: 1 });
    const runs = gatedRuns();
    attach(inbox, runs.run);
    const settled: string[] = [];
    for (const id of ["good", "bad"]) void accept(inbox, id).runs?.then(() => settled.push(id));
    await turns();
    expect(settled).toStrictEqual([]);
    await runs.fail("bad");
    expect(settled).toStrictEqual(["bad"]);
    await runs.end("good");
    expect(settled).toStrictEqual(["bad", "good"]);
  });
});

describe("maxIds", () => {
  test("the oldest are forgotten first", async () => {
    const run = vi.fn(async () => {});
    const inbox = memoryInbox({ maxIds: 3, concurrency: 1 });
    const attached = attach(inbox, run);
    for (const id of ["a", "b", "c", "d"]) accept(inbox, id);
    await attached?.idle();
    expect(["b", "c", "d"].map((id) => accept(inbox, id).duplicate)).toStrictEqual([true, true, true]);
    expect(accept(inbox, "a").duplicate).toBe(false);
    await attached?.idle();
    expect(run).toHaveBeenCalledTimes(5);
    expect(accept(inbox, "b").duplicate).toBe(false);
  });

  test("never one that is waiting or running", async () => {
    const inbox = memoryInbox({ maxIds: 1, concurrency: 2 });
    const runs = gatedRuns();
    attach(inbox, runs.run);
    accept(inbox, "long");
    for (const id of ids(20)) {
      accept(inbox, id);
      await turns();
      await runs.end(id);
    }
    expect(runs.started).toHaveLength(21);
    expect(accept(inbox, "long").duplicate).toBe(true);
    expect(accept(inbox, "msg_18").duplicate).toBe(false);
    expect(runs.started.filter((id) => id === "long")).toHaveLength(1);
  });
});

describe("room", () => {
  test("concurrency is exact, and the longest waiting goes first", async () => {
    const inbox = memoryInbox({ concurrency: 3 });
    const runs = gatedRuns();
    const attached = attach(inbox, runs.run);
    for (const id of ids(8)) accept(inbox, id);
    await turns();
    expect(runs.running).toBe(3);
    for (const [index, id] of ids(8).entries()) {
      expect(runs.started).toStrictEqual(ids(Math.min(8, index + 3)));
      await runs.end(id);
    }
    await attached?.idle();
    expect(runs.most).toBe(3);
    expect(runs.running).toBe(0);
  });

  test("one that takes a slot just as another gives it up does not exceed it", async () => {
    const inbox = memoryInbox({ concurrency: 1 });
    let running = 0;
    let most = 0;
    const attached = attach(inbox, async ({ messageId }) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running -= 1;
      // Accepted at the very end of this run.
      if (messageId.length < 30) accept(inbox, `${messageId}x`);
    });
    for (const id of ["a", "b", "c"]) accept(inbox, id);
    await attached?.idle();
    expect(most).toBe(1);
  });

  test("a run that waits for its retry takes no slot", async () => {
    const inbox = memoryInbox({ concurrency: 1, backoffInSeconds: 3600 });
    const runs = gatedRuns();
    const attached = attach(inbox, runs.run);
    accept(inbox, "a");
    await turns();
    await runs.fail("a");
    accept(inbox, "b");
    await turns();
    expect(runs.started).toStrictEqual(["a", "b"]);
    const closed = attached?.close();
    await runs.end("b");
    await runs.end("a");
    await closed;
    expect(runs.started).toStrictEqual(["a", "b", "a"]);
  });

  test("503 receiver_busy beyond maxWaiting, then there is room again", async () => {
    const gate = Promise.withResolvers<void>();
    const body = vi.fn(() => post().body as string);
    const receiver = openReceiver({
      inbox: memoryInbox({ concurrency: 2, maxWaiting: 3 }),
      onAny: () => gate.promise,
    });
    const statuses: number[] = [];
    for (const id of ids(7)) {
      const reply = await receiver.receive(post({ id }, { body }));
      statuses.push(reply.status);
      if (reply.status === 503) {
        expect(reply).toMatchObject({
          body: '{"error":"receiver_busy"}',
          headers: { "retry-after": expect.stringMatching(/^\d+$/) },
        });
      }
    }
    expect(statuses).toStrictEqual([200, 200, 200, 200, 200, 503, 503]);
    // Refused before anything was read.
    expect(body).toHaveBeenCalledTimes(5);
    gate.resolve();
    await receiver.idle();
    expect((await receiver.receive(post({ id: "msg_6" }))).status).toBe(200);
  });

  test("two that pass the first check together do not both take the last place", async () => {
    const gate = Promise.withResolvers<void>();
    const receiver = openReceiver({
      inbox: memoryInbox({ concurrency: 1, maxWaiting: 0 }),
      onAny: () => gate.promise,
    });
    const replies = await Promise.all(ids(3).map((id) => receiver.receive(post({ id }))));
    expect(replies.map(({ status }) => status)).toStrictEqual([200, 503, 503]);
    expect(replies[1]?.body).toBe('{"error":"receiver_busy"}');
    gate.resolve();
    await receiver.idle();
  });

  test("by default 100 run and 10,000 wait", async () => {
    const inbox = memoryInbox();
    const gate = Promise.withResolvers<void>();
    const run = vi.fn(() => gate.promise);
    const attached = attach(inbox, run);
    for (const id of ids(10_100)) accept(inbox, id);
    expect(inbox.isFull?.()).toBe(true);
    expect(errorOf(() => accept(inbox, "one_more"))).toMatchObject({ code: "receiver_busy", status: 503 });
    await turns();
    expect(run).toHaveBeenCalledTimes(100);
    gate.resolve();
    await attached?.idle();
    expect(run).toHaveBeenCalledTimes(10_100);
    expect(inbox.isFull?.()).toBe(false);
  });

  test("20,000 messages, of which each tenth fails, leave nothing behind", async () => {
    const run = vi.fn(async ({ messageId }: AcceptedMessage) => {
      if (messageId.endsWith("7")) throw new Error("failed");
    });
    const inbox = memoryInbox({ concurrency: 10, maxWaiting: 19_990, maxRuns: 1, maxIds: 20_000 });
    const attached = attach(inbox, run);
    for (let round = 1; round <= 2; round++) {
      expect(inbox.isFull?.()).toBe(false);
      for (const id of ids(20_000)) accept(inbox, `${round}_${id}`);
      expect(inbox.isFull?.()).toBe(true);
      await attached?.idle();
      expect(run).toHaveBeenCalledTimes(round * 20_000);
    }
    const runs = gatedRuns();
    await attached?.close();
    attach(inbox, runs.run);
    for (const id of ids(30)) accept(inbox, `last_${id}`);
    await turns();
    // All slots are free again, and no more than those.
    expect(runs.running).toBe(10);
  });
});

describe("retries", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** The delay before each run after the first, in seconds. */
  async function delaysOf(options: MemoryInboxOptions): Promise<number[]> {
    const startedAt: number[] = [];
    const inbox = memoryInbox(options);
    attach(inbox, async () => {
      startedAt.push(Date.now());
      throw new Error("failed");
    });
    accept(inbox, "a");
    await vi.runAllTimersAsync();
    return startedAt.slice(1).map((time, index) => (time - (startedAt[index] ?? 0)) / 1000);
  }

  test.each<[string, MemoryInboxOptions, number[]]>([
    ["by default", {}, [0.1, 0.2]],
    ["a number, doubled", { backoffInSeconds: 5, maxRuns: 5 }, [5, 10, 20, 40]],
    ["a number, up to an hour", { backoffInSeconds: 1000, maxRuns: 6 }, [1000, 2000, 3600, 3600, 3600]],
    ["a number of more than an hour", { backoffInSeconds: 7200, maxRuns: 4 }, [7200, 7200, 7200]],
    ["a fraction", { backoffInSeconds: 0.25, maxRuns: 3 }, [0.25, 0.5]],
    ["zero", { backoffInSeconds: 0, maxRuns: 4 }, [0, 0, 0]],
    ["a list, of which the last one stays", { backoffInSeconds: [1, 60, 5], maxRuns: 6 }, [1, 60, 5, 5, 5]],
    ["a function of the run to come", { backoffInSeconds: (run) => run * 10, maxRuns: 4 }, [20, 30, 40]],
    ["a function that gives nonsense", { backoffInSeconds: () => Number.NaN, maxRuns: 3 }, [0.1, 0.1]],
    [
      "a function that throws",
      {
        backoffInSeconds: () => {
          throw new Error("no delay");
        },
        maxRuns: 3,
      },
      [0.1, 0.1],
    ],
    ["a function that gives a negative delay", { backoffInSeconds: () => -5, maxRuns: 3 }, [0, 0]],
    ["one run and no more", { maxRuns: 1 }, []],
  ])("%s", async (_name, options, delays) => {
    expect(await delaysOf(options)).toStrictEqual(delays);
  });

  test("a function that throws is no reason to lose the message", async () => {
    const run = vi.fn().mockRejectedValueOnce(new Error("failed")).mockResolvedValue(undefined);
    const inbox = memoryInbox({
      backoffInSeconds: () => {
        throw new Error("no delay");
      },
    });
    attach(inbox, run);
    const settled = vi.fn();
    accept(inbox, "a").runs?.then(
      () => settled("resolved"),
      () => settled("rejected"),
    );
    await vi.runAllTimersAsync();
    expect(run).toHaveBeenCalledTimes(2);
    expect(settled).toHaveBeenCalledExactlyOnceWith("resolved");
  });

  test("a success ends them", async () => {
    const run = vi.fn().mockRejectedValueOnce(new Error("failed")).mockResolvedValue(undefined);
    const inbox = memoryInbox({ maxRuns: 10 });
    attach(inbox, run);
    accept(inbox, "a");
    await vi.runAllTimersAsync();
    expect(run.mock.calls.map(([, attempt]) => attempt as RunAttempt)).toStrictEqual([
      { run: 1, final: false },
      { run: 2, final: false },
    ]);
  });

  test("closing ends the delays, not the runs", async () => {
    const run = vi.fn().mockRejectedValue(new Error("failed"));
    const inbox = memoryInbox({ backoffInSeconds: 3600, maxRuns: 4 });
    const attached = attach(inbox, run);
    accept(inbox, "a");
    await vi.advanceTimersByTimeAsync(1000);
    expect(run).toHaveBeenCalledTimes(1);
    await attached?.close();
    expect(run).toHaveBeenCalledTimes(4);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("receivers", () => {
  test("two of one name are refused", () => {
    const inbox = memoryInbox();
    openReceiver({ inbox });
    expect(errorOf(() => openReceiver({ inbox }))).toMatchObject({
      code: "invalid_option",
      hint: expect.any(String),
    });
    openReceiver({ inbox, name: "other" });
    expect(errorOf(() => openReceiver({ inbox, name: "other" })).code).toBe("invalid_option");
  });

  test("a name is free again once its receiver is closed, and its ids are still known", async () => {
    const inbox = memoryInbox();
    const runs = [vi.fn(), vi.fn()] as const;
    const first = openReceiver({ inbox, onAny: runs[0] });
    await first.receive(post({ id: "a" }));
    await first.close();
    const second = openReceiver({ inbox, onAny: runs[1] });
    expect((await second.receive(post({ id: "a" }))).status).toBe(200);
    expect((await second.receive(post({ id: "b" }))).status).toBe(200);
    await second.close();
    expect([runs[0].mock.calls.length, runs[1].mock.calls.length]).toStrictEqual([1, 1]);
    // Closing the first again does not take the name from a third.
    const third = openReceiver({ inbox, onAny: runs[1] });
    await first.close();
    expect((await third.receive(post({ id: "c" }))).status).toBe(200);
    await third.idle();
    expect(runs[1]).toHaveBeenCalledTimes(2);
  });

  test("two of different names both run a message of one id", async () => {
    const inbox = memoryInbox();
    const [first, second] = [vi.fn(), vi.fn()];
    const receivers = [
      openReceiver({ inbox, name: "first", onAny: first }),
      openReceiver({ inbox, name: "second", onAny: second }),
    ];
    await Promise.all(receivers.map((receiver) => receiver.receive(post())));
    await Promise.all(receivers.map((receiver) => receiver.idle()));
    expect(first).toHaveBeenCalledTimes(1);
    expect(second).toHaveBeenCalledTimes(1);
  });

  test("the idleness and closing of one is not that of another", async () => {
    const inbox = memoryInbox();
    const runs = gatedRuns();
    const busy = attach(inbox, runs.run, "busy");
    const calm = attach(inbox, async () => {}, "calm");
    accept(inbox, "a", "busy");
    await calm?.idle();
    await calm?.close();
    expect(errorOf(() => accept(inbox, "b", "calm"))).toMatchObject({ code: "receiver_closed", status: 503 });
    expect(accept(inbox, "b", "busy").duplicate).toBe(false);
    let idle = false;
    const becomesIdle = busy?.idle().then(() => {
      idle = true;
    });
    await runs.end("a");
    expect(idle).toBe(false);
    await runs.end("b");
    await becomesIdle;
    expect(idle).toBe(true);
  });

  test("each has an inbox of its own by default", async () => {
    const [first, second] = [vi.fn(), vi.fn()];
    const receivers = [
      openReceiver({ inbox: undefined, onAny: first }),
      openReceiver({ inbox: undefined, onAny: second }),
    ];
    await Promise.all(receivers.map((receiver) => receiver.receive(post())));
    await Promise.all(receivers.map((receiver) => receiver.idle()));
    expect([first.mock.calls.length, second.mock.calls.length]).toStrictEqual([1, 1]);
  });
});

describe("one run of a message that its reply waits for", () => {
  test("succeeds, and is then known", async () => {
    const run = vi.fn(async () => {});
    const inbox = memoryInbox();
    attach(inbox, run);
    expect(await inbox.acceptAndRun?.(message("a")).outcome).toStrictEqual({ succeeded: true });
    expect(await inbox.acceptAndRun?.(message("a")).outcome).toStrictEqual({ succeeded: true });
    expect(run).toHaveBeenCalledExactlyOnceWith(message("a"), { run: 1, final: true });
  });

  test("fails once, and is then free again", async () => {
    const error = new Error("failed");
    const run = vi.fn().mockRejectedValue(error);
    const inbox = memoryInbox({ maxRuns: 9, backoffInSeconds: 0 });
    attach(inbox, run);
    expect(await inbox.acceptAndRun?.(message("a")).outcome).toMatchObject({ succeeded: false, error });
    expect(run).toHaveBeenCalledTimes(1);
    expect(await inbox.acceptAndRun?.(message("a")).outcome).toMatchObject({ succeeded: false, error });
    expect(run).toHaveBeenCalledTimes(2);
  });
});

describe("options", () => {
  const bad: [string, unknown][] = [
    ["negative", -1],
    ["NaN", Number.NaN],
    ["infinite", Number.POSITIVE_INFINITY],
    ["a fraction", 1.5],
    ["a string", "3"],
    ["null", null],
  ];

  test.each(["maxIds", "maxWaiting", "concurrency", "maxRuns"])("%s", (name) => {
    for (const [, value] of bad) {
      const options = { [name]: value } as MemoryInboxOptions;
      expect(errorOf(() => memoryInbox(options))).toMatchObject({
        code: "invalid_option",
        hint: expect.any(String),
      });
    }
    if (name === "maxWaiting") expect(() => memoryInbox({ maxWaiting: 0 })).not.toThrow();
    else expect(errorOf(() => memoryInbox({ [name]: 0 })).code).toBe("invalid_option");
  });

  test.each<[string, unknown]>([
    ...bad.filter(([name]) => name !== "a fraction"),
    ["longer than a timer takes", 2_147_484],
    ["an empty list", []],
    ["a list with a negative delay", [1, -1]],
    ["a list with a string", [1, "2"]],
    ["an object", { first: 1 }],
    ["a boolean", true],
  ])("backoffInSeconds that is %s", (_name, backoffInSeconds) => {
    const options = { backoffInSeconds } as MemoryInboxOptions;
    expect(errorOf(() => memoryInbox(options))).toMatchObject({
      code: "invalid_option",
      hint: expect.any(String),
    });
  });
});
