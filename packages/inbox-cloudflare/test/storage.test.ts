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
