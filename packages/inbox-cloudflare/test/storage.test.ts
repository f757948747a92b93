import { describe, expect, test } from "vitest";
import { eventually, message, messageOf, startService } from "./support/service.ts";

const SECONDS = 1 / 86_400;

describe("dead letters", () => {
  test("whose bodies do not fit into one answer are listed in one page all the same", async () => {
    const service = await startService({ inbox: { maxRuns: 1 } });
    const many = Array.from({ length: 14 }, () => message("fails:9", 3_000_000));
    for (const one of many) expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");

    const letters = await service.control<{ hash: string; id: string }[]>("/list");
    expect(letters.map(({ hash }) => hash).toSorted()).toEqual(many.map(({ hash }) => hash).toSorted());
    const page = await service.control<{ id: string }[]>("/list", { limit: 6, after: letters[4]?.id });
    expect(page.map(({ id }) => id)).toEqual(letters.slice(5, 11).map(({ id }) => id));
  });

  test("a page goes on where its last letter was, though that one is gone", async () => {
    const service = await startService({ inbox: { maxRuns: 1 } });
    for (let count = 0; count < 5; count++) {
      expect(await service.deliver(message("fails:1"))).toBe(200);
      await service.control("/idle");
    }
    const letters = await service.control<{ id: string }[]>("/list");
    await service.control("/replay", letters[1]?.id);
    await service.control("/idle");
    const page = await service.control<{ id: string }[]>("/list", { after: letters[1]?.id });
    expect(page.map(({ id }) => id)).toEqual(letters.slice(2).map(({ id }) => id));
  });

  test("replayed all together while the queue takes nothing: they wait, and run later", async () => {
    const service = await startService({ inbox: { maxRuns: 1 } });
    const many = Array.from({ length: 3 }, () => message("fails:1"));
    for (const one of many) expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");
    await service.faults({ queueRefuses: true });
    expect(await service.control("/replay-all")).toBe(3);
    expect(await service.control("/counts")).toMatchObject({ pending: 3, dead: 0 });
    await service.faults({});
    await eventually(() => many.map((one) => service.runs(one).length)).toEqual([2, 2, 2]);
  });
});

test("however many messages are known, few rows are read for one more", async () => {
  const service = await startService({ inbox: { maxRuns: 2 } });
  const known = 20_000;
  expect(await service.deliver(message())).toBe(200);
  await service.control("/idle");
  for (const state of ["done", "dead"]) {
    await service.control(
      "/query",
      `INSERT INTO messages (receiver, message_id, state, timestamp, received_at, runs, queued, sends, ended_at, parts)
       WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ${known})
       SELECT 'default', '${state}' || x, '${state}', 1, 1, 1, 0, 0, 1.9e12 + x, 0 FROM n`,
    );
  }
  await service.control("/rows-read");

  const [one, failing] = [message(), message("fails:9")];
  for (const each of [one, failing, one]) expect(await service.deliver(each)).toBe(200);
  await service.control("/idle");
  const [letter] = await service.control<{ id: string }[]>("/list", { limit: 3 });
  await service.control("/replay", letter?.id);
  await service.control("/idle");
  // Two sweeps of the alarm, at least.
  await service.faults({ queueMessagesAreLost: true });
  expect(await service.deliver(message())).toBe(200);
  await eventually(() => service.log().filter(({ what }) => what === "queued").length).toBeGreaterThan(6);
  expect(await service.control("/rows-read")).toBeLessThan(1000);
});

describe("what has been kept long enough", () => {
  test("bodies go first, then ids: a resend runs again", async () => {
    const service = await startService({
      inbox: { keepBodiesInDays: 1.5 * SECONDS, keepIdsInDays: 4 * SECONDS },
    });
    const one = message();
    expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");
    const left = (): Promise<unknown> =>
      service.control(
        "/query",
        "SELECT (SELECT COUNT(*) FROM messages) AS messages, (SELECT COUNT(*) FROM bodies) AS bodies",
      );
    expect(await left()).toEqual([{ messages: 1, bodies: 1 }]);
    await eventually(left).toEqual([{ messages: 1, bodies: 0 }]);
    expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([1]);

    await eventually(left).toEqual([{ messages: 0, bodies: 0 }]);
    expect(await service.deliver(one)).toBe(200);
    await service.control("/idle");
    expect(service.runs(one)).toEqual([1, 1]);
  });

  test("dead letters keep their bytes until they are forgotten; what waits is never pruned", async () => {
    const service = await startService({
      inbox: { keepBodiesInDays: SECONDS, keepIdsInDays: 4 * SECONDS, maxRuns: 2, backoffInSeconds: 8 },
    });
    const [invalid, waiting] = [messageOf("no event"), message("fails:1")];
    expect(await service.deliver(invalid)).toBe(200);
    expect(await service.deliver(waiting)).toBe(200);
    await service.deliver(message());
    await eventually(() => service.control("/counts")).toMatchObject({ done: 1, dead: 1, pending: 1 });

    const pruned = (): Promise<unknown> =>
      service.control("/query", "SELECT state FROM messages WHERE parts = 0");
    await eventually(pruned).not.toEqual([]);
    expect(await pruned()).toEqual([{ state: "done" }]);
    expect(await service.control("/list")).toMatchObject([{ hash: invalid.hash }]);
    await eventually(() => service.control("/counts")).toMatchObject({ done: 0, dead: 0, pending: 1 });
    await eventually(() => service.runs(waiting)).toEqual([1, 2]);
    expect(service.log().findLast(({ what }) => what === "started")).toMatchObject({ hash: waiting.hash });
  });
});
