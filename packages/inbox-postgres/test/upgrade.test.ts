import { newMessageId } from "@diffio-webhooks/test-support/signing";
import { expect, onTestFinished, test } from "vitest";
import pg from "pg";
import { createListener } from "../src/lib/listener.ts";
import { MIGRATIONS } from "../src/lib/migrations.ts";
import { usePostgres } from "./support/postgres.ts";
import { open, receiverOn } from "./support/receivers.ts";

const postgres = usePostgres();

test("a schema of the version before keeps every message, and goes on with each", async () => {
  const { connectionString, sql } = await postgres.database();
  await sql("CREATE SCHEMA diffio_webhooks");
  await sql("CREATE TABLE diffio_webhooks.version (version integer NOT NULL)");
  await sql("INSERT INTO diffio_webhooks.version VALUES (1)");
  await sql(MIGRATIONS[0] ?? "");
  for (const [id, state, run] of [
    ["msg_pending", "pending", 1],
    ["msg_replayed", "replayed", 1],
    ["msg_running", "running", 1],
    ["msg_done", "done", 1],
    ["msg_dead", "dead", 8],
    ["msg_discarded", "discarded", 8],
  ] as const) {
    await sql(
      `INSERT INTO diffio_webhooks.messages (receiver, message_id, state, at, run, received_at, signed_at, event_type, body,
         reason, error)
       VALUES ('default', $1, $2, now(), $3, now() - interval '5 seconds', now(), 'generation.completed',
               '{"eventType":"generation.archived"}', CASE $2 WHEN 'dead' THEN 'handler_failed' END,
               CASE $2 WHEN 'dead' THEN 'Error: as told' END)`,
      [id, state, run],
    );
  }
  const office = open({ connectionString });
  expect(await office.counts()).toMatchObject({ pending: 2, running: 1, done: 1, dead: 1 });
  expect(await office.deadLetters.list()).toMatchObject([{ messageId: "msg_dead", runs: 8 }]);
  const { receiver, runs, errors } = receiverOn({ connectionString });
  await receiver.idle();
  const ran = Object.fromEntries(runs.map(({ messageId, run }) => [messageId, run]));
  expect(ran).toEqual({ msg_pending: 1, msg_replayed: 1, msg_running: 2 });
  expect(errors).toMatchObject([{ run: 1, final: false }]);
  expect(await office.counts()).toMatchObject({ pending: 0, running: 0, done: 4, dead: 1 });
});

test("counts are those of the rows, whatever has happened, and whoever has ended", async () => {
  const { connectionString, sql } = await postgres.database();
  const { inbox, receiver, receive } = receiverOn(
    { connectionString, maxRuns: 2, concurrency: 3 },
    {
      onAny({ messageId, run }) {
        if (messageId < "msg_8" && run < 3) throw new Error("as told");
      },
    },
  );
  await Promise.all(Array.from({ length: 30 }, () => receive()));
  await receiver.idle();
  const letters = await inbox.deadLetters.list();
  await inbox.deadLetters.discard(letters[0]?.id ?? "");
  await inbox.deadLetters.replay(letters[1]?.id ?? "");
  await receiver.idle();
  const [done] = await inbox.messages.list({ state: "done", limit: 1 });
  await inbox.messages.remove(done?.messageId ?? "");
  await receiver.close();
  await open({ connectionString }).accept({
    receiver: "nobody",
    messageId: newMessageId(),
    timestamp: new Date(),
    rawBody: Buffer.from("{}"),
  });
  const of = (state: string): string => `count(*) FILTER (WHERE state = '${state}')::int AS ${state}`;
  const [rows] = await sql(
    `SELECT ${["pending", "running", "done", "dead"].map(of).join(", ")} FROM diffio_webhooks.messages`,
  );
  expect(await open({ connectionString }).counts()).toMatchObject(rows ?? {});
  // Those of processes that have ended are one row.
  expect(await sql("SELECT DISTINCT owner::int FROM diffio_webhooks.counts")).toEqual([{ owner: 0 }]);
});

test("a process hears of what another one leaves", async () => {
  const { connectionString } = await postgres.database();
  const pool = new pg.Pool({ connectionString });
  onTestFinished(() => pool.end());
  const heard: (string | null)[] = [];
  const listener = createListener(pool, (receiver) => void heard.push(receiver));
  onTestFinished(() => listener.close());
  // First of all: what came before it listened.
  await expect.poll(() => heard).toEqual([null]);
  // Nobody is attached there: it leaves all that it takes.
  await open({ connectionString }).accept({
    receiver: "späte Post",
    messageId: newMessageId(),
    timestamp: new Date(),
    rawBody: Buffer.from("{}"),
  });
  await expect.poll(() => heard, { timeout: 10_000 }).toEqual([null, "späte Post"]);
});

test("a process hears of what is replayed beside it", async () => {
  const { connectionString } = await postgres.database();
  const service = receiverOn(
    { connectionString, maxRuns: 1 },
    {
      onAny: () => {
        throw new Error("as told");
      },
    },
  );
  await service.receive();
  await service.receiver.idle();
  const pool = new pg.Pool({ connectionString });
  onTestFinished(() => pool.end());
  // For any receiver: at first what came before it listened.
  let heard = 0;
  const listener = createListener(pool, (receiver) => (heard += receiver === null ? 1 : 0));
  onTestFinished(() => listener.close());
  await expect.poll(() => heard).toBe(1);
  expect(await open({ connectionString }).deadLetters.replayAll()).toBe(1);
  await expect.poll(() => heard, { timeout: 10_000 }).toBe(2);
});
