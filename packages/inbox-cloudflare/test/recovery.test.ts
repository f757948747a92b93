import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually, message, startService } from "./support/service.ts";

describe("a queue message that is lost", () => {
  test("is sent again when the lease time has passed, and then with growing pauses", async () => {
    const service = await startService();
    await service.faults({ queueMessagesAreLost: true });
    const one = message();
    expect(await service.deliver(one)).toBe(200);
    await eventually(() => service.log().filter(({ what }) => what === "queued").length).toBe(3);
    expect(service.runs(one)).toEqual([]);

    await service.faults({});
    await eventually(() => service.runs(one)).toEqual([1]);
    await service.control("/idle");
    expect(await service.control("/counts")).toMatchObject({ done: 1, pending: 0 });
  });

  test("of a retry, too", async () => {
    const service = await startService({ inbox: { backoffInSeconds: 0.5 } });
    const one = message("fails:1");
    expect(await service.deliver(one)).toBe(200);
    await eventually(() => service.runs(one)).toEqual([1]);
    await service.faults({ queueMessagesAreLost: true });
    await eventually(() => service.log().filter(({ what }) => what === "queued").length).toBe(2);

    await service.faults({});
    await eventually(() => service.runs(one)).toEqual([1, 2]);
  });
});

describe("workerd killed", () => {
  test("during a run: it is taken over when its lease has run out, counts, and is told to onError", async () => {
    const service = await startService();
    const one = message("takes:60000,10");
    expect(await service.deliver(one)).toBe(200);
    await eventually(() => service.runs(one)).toEqual([1]);

    await service.restart();
    await service.control("/idle");
    expect(service.runs(one)).toEqual([2]);
    expect(service.log().filter(({ what }) => what === "failed")).toEqual([
      { what: "failed", messageId: one.messageId, run: 1, final: false, code: "run_interrupted" },
    ]);
    expect(await service.control("/counts")).toMatchObject({ done: 1, dead: 0 });
  });

  test("during the last run: the message is a dead letter, and a replay runs it", async () => {
    const service = await startService({ inbox: { maxRuns: 1 } });
    const one = message("takes:60000");
    expect(await service.deliver(one)).toBe(200);
    await eventually(() => service.runs(one)).toEqual([1]);

    await service.restart();
    await service.control("/idle");
    expect(service.log().filter(({ what }) => what === "failed")).toMatchObject([
      { run: 1, final: true, code: "run_interrupted" },
    ]);
    const letters = await service.control<{ id: string }[]>("/list");
    expect(letters).toMatchObject([
      { messageId: one.messageId, runs: 1, reason: "run_interrupted", hash: one.hash },
    ]);
    await service.control("/replay", letters[0]?.id);
    await eventually(() => service.runs(one)).toEqual([1]);
  });

  test("while messages wait, and a retry waits for its backoff: all run, once each", async () => {
    const service = await startService({ inbox: { concurrency: 1, backoffInSeconds: 1.5 } });
    const [failed, blocker, ...waiting] = [
      message("fails:1"),
      message("takes:60000,1"),
      message(),
      message(),
      message(),
    ];
    expect(await service.deliver(failed ?? message())).toBe(200);
    await eventually(() => service.log().filter(({ what }) => what === "failed").length).toBe(1);
    for (const one of [blocker ?? message(), ...waiting]) expect(await service.deliver(one)).toBe(200);
    await eventually(() => service.runs(blocker ?? message())).toEqual([1]);

    await service.restart();
    await service.control("/idle");
    expect(waiting.map((one) => service.runs(one))).toEqual([[1], [1], [1]]);
    expect([service.runs(failed ?? message()), service.runs(blocker ?? message())]).toEqual([[2], [2]]);
  });

  test("after a run has ended: it is not run again", async () => {
    const service = await startService();
    const one = message();
    expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");

    await service.restart();
    expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([]);
  });
});

test("an alarm that is gone is set anew when the Durable Object starts", async () => {
  const service = await startService({ inbox: { backoffInSeconds: 2 } });
  const one = message("fails:1");
  expect(await service.deliver(one)).toBe(200);
  await eventually(() => service.log().some(({ what }) => what === "failed")).toBe(true);
  await service.control("/lose-alarm");

  await service.restart();
  await service.control("/counts");
  await eventually(() => service.runs(one)).toEqual([2]);
});

describe("a lease", () => {
  test("is renewed as long as the run goes on: nobody else runs the message", async () => {
    const service = await startService();
    const one = message("takes:4500");
    expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([1]);
    expect(service.log().filter(({ what }) => what === "aborted" || what === "failed")).toEqual([]);
  });

  test("that ran out, and was not taken over yet: the run that is late may still end the message", async () => {
    // The local queue brings nothing else meanwhile.
    const service = await startService();
    await service.faults({ renewalsAreLost: true });
    const one = message("takes:3500");
    expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");
    await eventually(() => service.log().filter(({ what }) => what === "queued").length).toBeGreaterThan(1);
    expect(service.runs(one)).toEqual([1]);
    expect(service.log().filter(({ what }) => what === "aborted" || what === "failed")).toEqual([]);
    expect(await service.control("/counts")).toMatchObject({ done: 1, running: 0, pending: 0 });
  });

  test("that was lost: another run begins, the first is aborted, and what becomes of it changes nothing", async () => {
    // The local queue brings a second batch beside the first only when that one is full.
    const service = await startService({}, { maxBatchSize: 2 });
    await service.faults({ renewalsAreLost: true });
    const one = message("takes:5000,2500");
    expect(await service.deliver(one)).toBe(200);
    await eventually(() => service.runs(one)).toEqual([1]);
    expect(await service.deliver(message())).toBe(200);
    await eventually(() => service.runs(one)).toEqual([1, 2]);
    await service.faults({});

    const ends = (): string[] =>
      service.log().flatMap((entry) => {
        if (entry.what !== "aborted" && entry.what !== "ended") return [];
        return entry.messageId === one.messageId ? [`${entry.what} ${entry.run}`] : [];
      });
    await eventually(() => ends().toSorted()).toEqual(["aborted 1", "ended 1", "ended 2"]);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([1, 2]);
    expect(
      await service.control(
        "/query",
        `SELECT runs, state FROM messages WHERE message_id = '${one.messageId}'`,
      ),
    ).toEqual([{ runs: 2, state: "done" }]);
  });

  test("that was lost: a first run that fails late brings no third one", async () => {
    const service = await startService({}, { maxBatchSize: 2 });
    await service.faults({ renewalsAreLost: true });
    const one = message("fails-late:4000,10");
    expect(await service.deliver(one)).toBe(200);
    await eventually(() => service.runs(one)).toEqual([1]);
    expect(await service.deliver(message())).toBe(200);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([1, 2]);
    await eventually(() => service.log().filter(({ what }) => what === "failed")).toMatchObject([
      { run: 1, code: "run_interrupted" },
      { run: 1, code: "Error: as told" },
    ]);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([1, 2]);
    expect(await service.control("/counts")).toMatchObject({ done: 2, dead: 0 });
  });
});

describe("a lease that another has while the run goes on", () => {
  test.each([
    ["done", "takes:1500", "ended"],
    ["failed", "fails-late:1500", "failed"],
  ])("the run that ends as %s changes nothing", async (_end, plan, what) => {
    const service = await startService();
    const one = message(plan);
    expect(await service.deliver(one)).toBe(200);
    await eventually(() => service.runs(one)).toEqual([1]);
    await service.control("/query", "UPDATE messages SET token = 'another', wake_at = wake_at + 60000");
    await eventually(() => service.log().filter((entry) => entry.what === what).length).toBe(1);
    await pause(500);
    const row = await service.control("/query", "SELECT state, token, runs FROM messages");
    expect(row).toEqual([{ state: "running", token: "another", runs: 1 }]);
  });
});

describe("the queue", () => {
  test.each([
    ["that is done", "is done", 10],
    ["that runs", "takes:1500", 2],
  ])("may bring a message again %s: nothing more runs", async (_when, plan, maxBatchSize) => {
    const service = await startService({}, { maxBatchSize });
    const one = message(plan);
    expect(await service.deliver(one)).toBe(200);
    await eventually(() => service.runs(one)).toEqual([1]);
    if (plan === "is done") await service.control("/idle");
    for (let copy = 0; copy < 4; copy++) await service.control("/send", { diffioInbox: 1 });
    await eventually(() => service.log().filter(({ what }) => what === "queued").length).toBe(5);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([1]);
    expect(await service.control("/counts")).toMatchObject({ done: 1 });
  });

  test("brings messages of others: they are left to their own, and ours run", async () => {
    const service = await startService();
    await service.control("/send", { order: 1 });
    const one = message();
    expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([1]);
    // As often as the queue tries.
    await eventually(() =>
      service.log().filter((entry) => entry.what === "queued" && entry.attempts > 1),
    ).toHaveLength(2);
    expect(service.stderr().match(/messages of others/g)).toHaveLength(1);
  });

  test("brings messages of a receiver that is not here: they wait for it", async () => {
    const service = await startService({ receivers: ["default", "other"] });
    await service.faults({ queueMessagesAreLost: true });
    const one = message();
    expect(await service.deliver(one, "other")).toBe(200);
    await service.restart({ receivers: ["default"] });
    await service.control("/counts");
    await eventually(() => service.stderr()).toMatch(/named "other"/);
    expect(await service.control("/counts")).toMatchObject({ pending: 1 });
    expect(service.runs(one)).toEqual([]);

    await service.restart();
    await service.control("/counts");
    await eventually(() => service.runs(one)).toEqual([1]);
  });
});
