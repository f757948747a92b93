import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test, vi } from "vitest";
import { APPLICATION_ID, MIGRATIONS } from "../src/lib/worker/schema.ts";
import { attach, database, eventually, message, newPath, open } from "./support/inboxes.ts";

/** A file as version 1 of the schema left it: a message in each state. */
function oldFile(): string {
  const path = newPath();
  const old = new DatabaseSync(path);
  old.exec("PRAGMA journal_mode = WAL");
  old.exec(MIGRATIONS[0] ?? "");
  old.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1`);
  const insert = old.prepare(
    "INSERT INTO messages (receiver, message_id, state, run, wake_at, token, received_at, timestamp, event_type, ended_at, " +
      "reason, error) VALUES ('default', ?, ?, ?, ?, ?, ?, ?, 'generation.completed', ?, ?, ?)",
  );
  const now = Date.now();
  const rows = [
    ["msg_pending", 0, 0, now, null, null, null, null],
    ["msg_running", 1, 1, now - 1, 7, null, null, null],
    ["msg_done", 2, 1, null, null, now, null, null],
    ["msg_dead", 3, 8, null, null, now, "handler_failed", "Error: as told"],
    ["msg_discarded", 4, 8, null, null, now, null, null],
  ] as const;
  for (const [id, state, run, wakeAt, token, endedAt, reason, error] of rows) {
    insert.run(id, state, run, wakeAt, token, now - 5000, now - 5000, endedAt, reason, error);
    old.exec(`INSERT INTO bodies SELECT seq, x'7b7d' FROM messages WHERE message_id = '${id}'`);
  }
  old.close();
  chmodSync(path, 0o600);
  return path;
}

test("a file of the version before keeps every message, and goes on with each", async () => {
  const path = oldFile();
  const inbox = open(path);
  expect(await inbox.counts()).toMatchObject({ pending: 1, running: 1, done: 1, dead: 1 });
  expect(await inbox.deadLetters.list()).toMatchObject([
    { messageId: "msg_dead", runs: 8, error: "Error: as told" },
  ]);
  for (const messageId of ["msg_done", "msg_discarded"])
    expect(await inbox.accept(message({ messageId }))).toMatchObject({ duplicate: true });
  const { runs, interrupted, attachment } = attach(inbox);
  await eventually(() => runs.length).toBe(2);
  const ran = Object.fromEntries(runs.map((run) => [run.message.messageId, run.attempt.run]));
  expect(ran).toEqual({ msg_pending: 1, msg_running: 2 });
  expect(interrupted).toMatchObject([{ messageId: "msg_running", run: 1 }]);
  for (const run of runs) run.end();
  await attachment.idle();
  expect(await inbox.counts()).toMatchObject({ pending: 0, running: 0, done: 3, dead: 1 });
  expect(database(path).prepare("PRAGMA user_version").get()).toEqual({ user_version: MIGRATIONS.length });
});

test("what a dead process left is taken over at once, however long its lease", async () => {
  const path = newPath();
  const inbox = open(path, { leaseInSeconds: 3600 });
  await inbox.accept(message());
  // Its lock is free, since nobody holds it: the process is dead.
  new DatabaseSync(`${path}-lock-dead`).close();
  const file = database(path);
  file.exec("INSERT INTO owners (id, beat, lock) VALUES (1000, 0, 'dead')");
  file.exec("UPDATE messages SET state = 1, run = 1, owner = 1000, claim = 1, due_at = NULL");
  const { runs, interrupted, attachment } = attach(inbox);
  await eventually(() => runs.length).toBe(1);
  expect([runs[0]?.attempt.run, interrupted.length]).toEqual([2, 1]);
  runs[0]?.end();
  await attachment.idle();
});

test("counts are those of the rows, whatever has happened", async () => {
  const path = newPath();
  const inbox = open(path, { maxRuns: 2 });
  const { runs, attachment } = attach(inbox);
  const all = Array.from({ length: 12 }, () => message());
  for (const one of all) await inbox.accept(one);
  for (let ended = 0; ended < 18; ended++) {
    await eventually(() => runs.length).toBeGreaterThan(ended);
    const isBad = all.slice(0, 6).some(({ messageId }) => messageId === runs[ended]?.message.messageId);
    runs[ended]?.end(
      isBad
        ? {
            succeeded: false,
            final: runs[ended]?.attempt.final ?? false,
            reason: "handler_failed",
            error: new Error("as told"),
          }
        : undefined,
    );
  }
  await attachment.idle();
  const [letter] = await inbox.deadLetters.list({ limit: 1 });
  await inbox.deadLetters.discard(letter?.id ?? "");
  await inbox.messages.remove(all.at(-1)?.messageId ?? "");
  await inbox.accept(message({ receiver: "nobody" }));
  const counted = database(path).prepare("SELECT state, n FROM counts WHERE n <> 0 ORDER BY state").all();
  const rows = database(path)
    .prepare("SELECT state, count(*) AS n FROM messages GROUP BY state ORDER BY state")
    .all();
  expect(counted).toEqual(rows);
  expect(await inbox.counts()).toMatchObject({ pending: 1, done: 5, dead: 5 });
});

test.skipIf(process.platform === "win32")(
  "a file that other users may read is warned of, once, with the fix",
  async () => {
    const path = newPath();
    const first = open(path);
    await first.counts();
    await first.close();
    chmodSync(path, 0o644);
    // The thread writes to the process's own stderr.
    const told = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
    await open(path).counts();
    await eventually(() => told.mock.calls.map(([text]) => String(text)).join("")).toContain(
      `chmod 600 ${path}`,
    );
    told.mockRestore();
  },
);
