import { expect, test } from "vitest";
import { FAILED, attach, database, eventually, message, newPath, open } from "./support/inboxes.ts";

const DAY = 86_400;

test("bodies are forgotten before ids; dead letters keep theirs; what waits or runs is kept", async () => {
  const path = newPath();
  const inbox = open(path, { keepIdsInDays: 6 / DAY, keepBodiesInDays: 1 / DAY, concurrency: 3, maxRuns: 1 });
  const { runs } = attach(inbox);
  const [done, dead, running, discarded] = [message(), message(), message(), message()];
  const waiting = message({ receiver: "nobody" });
  for (const one of [done, dead, running, waiting, discarded]) await inbox.accept(one);
  const runOf = (messageId: string) => runs.find((run) => run.message.messageId === messageId);
  await eventually(() => runs.length).toBe(3);
  runOf(done.messageId)?.end();
  runOf(dead.messageId)?.end(FAILED("as told", true));
  await eventually(() => runs.length).toBe(4);
  const one = runOf(discarded.messageId);
  one?.end(FAILED("as told", true));
  await eventually(async () => (await inbox.counts()).dead).toBe(2);
  const letter = (await inbox.deadLetters.list()).find(({ messageId }) => messageId === discarded.messageId);
  await inbox.deadLetters.discard(letter?.id ?? "");

  const other = database(path);
  const ids = (sql: string): string[] =>
    other
      .prepare(sql)
      .all()
      .map(({ message_id: id }) => String(id));
  const withBodies = (): string[] => ids("SELECT message_id FROM messages JOIN bodies USING (seq)");
  const all = (): string[] => ids("SELECT message_id FROM messages");
  const sorted = (...some: { messageId: string }[]): string[] =>
    some.map(({ messageId }) => messageId).toSorted();
  await eventually(() => withBodies().toSorted()).toEqual(sorted(dead, running, waiting));
  expect(all()).toHaveLength(5);
  expect(await inbox.deadLetters.list()).toMatchObject([
    { messageId: dead.messageId, rawBody: dead.rawBody },
  ]);
  await eventually(() => all().toSorted()).toEqual(sorted(running, waiting));
  expect(withBodies().toSorted()).toEqual(sorted(running, waiting));
  expect(await inbox.accept(done)).toEqual({ duplicate: false });
});

test("a round goes over more than one step", async () => {
  const path = newPath();
  const before = open(path);
  await before.accept(message());
  await before.close();
  const old = Date.now() - 10_000;
  const other = database(path);
  other.exec(`
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO messages (receiver, message_id, state, run, received_at, timestamp, ended_at)
    SELECT 'default', 'old_' || i, 2, 1, ${old}, ${old}, ${old} FROM n;
    INSERT OR IGNORE INTO bodies SELECT seq, x'00' FROM messages;
    UPDATE messages SET received_at = ${old - 1} WHERE state = 0`);
  attach(open(path, { keepIdsInDays: 2 / DAY }), "another");
  await eventually(() => other.prepare("SELECT state FROM messages JOIN bodies USING (seq)").all()).toEqual([
    { state: 0 },
  ]);
});
