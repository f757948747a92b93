import { signed } from "@diffio-webhooks/test-support/deliveries";
import { newMessageId } from "@diffio-webhooks/test-support/signing";
import { pause } from "@diffio-webhooks/test-support/waiting";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { fromStored, toStored } from "../src/lib/text.ts";
import { usePostgres } from "./support/postgres.ts";
import { open, receiverOn } from "./support/receivers.ts";

const postgres = usePostgres();

const STATES = "SELECT message_id, state, run FROM diffio_webhooks.messages ORDER BY message_id";

describe("texts that PostgreSQL would not take as they are", () => {
  const texts = [
    "a\0b",
    "half \uD83D of a pair",
    "\uDE00\uD83D",
    "\\u0041",
    "\\",
    "tab\tline\n",
    "äöü 漢字 😀",
    " ",
  ];

  test.each(texts)("%j is stored in ASCII, and comes back", (text) => {
    expect(toStored(text)).toMatch(/^[\t\n\x20-\x7E]*$/);
    expect(fromStored(toStored(text))).toBe(text);
  });

  test.each(texts)("a receiver named %j, with such a type and such an error", async (name) => {
    const { connectionString } = await postgres.database();
    const { inbox, receiver, runs, receive } = receiverOn(
      { connectionString, maxRuns: 1 },
      {
        name,
        onAny: () => {
          throw new Error(`failed for ${name}`);
        },
      },
    );
    expect((await receive(signed(JSON.stringify({ eventType: `generation.${name}` })))).status).toBe(200);
    await receiver.idle();
    expect(runs).toHaveLength(1);
    const [letter] = await inbox.deadLetters.list();
    expect(letter).toMatchObject({
      receiver: name,
      eventType: `generation.${name}`,
      error: `Error: failed for ${name}`,
    });
    await inbox.deadLetters.replay(letter?.id ?? "");
    await expect.poll(() => runs.length).toBe(2);
  });
});

test("what is looked for is found by its index, whatever the planner counted last", async () => {
  const { connectionString, sql } = await postgres.database();
  const backlog = open({ connectionString });
  await Promise.all(
    Array.from({ length: 3000 }, () =>
      backlog.accept({
        receiver: "default",
        messageId: newMessageId(),
        timestamp: new Date(),
        rawBody: Buffer.from(signed().body),
      }),
    ),
  );
  // All of them wait at this moment: a walk through the table would soon come upon one.
  await sql("ANALYZE diffio_webhooks.messages");
  // Its connections have made the indexes, for which they walked through the table; they tell so when they are closed.
  await backlog.close();
  const { receiver, runs, receive } = receiverOn({ connectionString, concurrency: 500 });
  await receiver.idle();
  expect(runs).toHaveLength(3000);
  await sql("SELECT pg_stat_reset()");
  await receive();
  await receiver.idle();
  await pause(2500);
  const [read] = await sql(`
    SELECT (SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'messages')::int AS walks,
           (SELECT idx_scan > 0 FROM pg_stat_user_indexes WHERE indexrelname = 'messages_due') AS looked`);
  expect(read).toEqual({ walks: 0, looked: true });
}, 60_000);

const IDS = ["msg_3", "msg_2", "msg_1"];

test("delivering copies takes messages in the order of their ids", async () => {
  const { connectionString, connect, sql } = await postgres.database();
  const { receiver, receive, runs } = receiverOn(
    { connectionString, maxRuns: 1 },
    {
      onAny: () => {
        throw new Error("as told");
      },
    },
  );
  for (const messageId of IDS) await receive(signed(undefined, { messageId }));
  await receiver.idle();
  expect(runs).toHaveLength(3);

  const somebody = await connect();
  await somebody.query("BEGIN");
  await somebody.query("SELECT 1 FROM diffio_webhooks.messages WHERE message_id = 'msg_1' FOR UPDATE");
  const replies = Promise.all(IDS.map((messageId) => receive(signed(undefined, { messageId }))));
  const waiting =
    "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  await expect.poll(() => sql(waiting), { timeout: 10_000 }).toHaveLength(1);
  const free = await sql("SELECT message_id FROM diffio_webhooks.messages ORDER BY 1 FOR UPDATE SKIP LOCKED");
  expect(free.map((row) => row["message_id"])).toEqual(["msg_2", "msg_3"]);

  await somebody.query("COMMIT");
  expect((await replies).map(({ status }) => status)).toEqual([200, 200, 200]);
  await receiver.idle();
});

describe("a run whose lease has passed on", () => {
  test("is told so by its signal, and can end nothing", async () => {
    const { connectionString, sql } = await postgres.database();
    const gate = Promise.withResolvers<void>();
    const { inbox, runs, receive } = receiverOn(
      { connectionString, leaseInSeconds: 3 },
      { onAny: () => gate.promise },
    );
    await receive();
    await expect.poll(() => runs.length).toBe(1);
    const { signal } = runs[0]?.context ?? {};
    // As if another process had taken it, and it ran there.
    await sql("INSERT INTO diffio_webhooks.owners (id, beat, beat_at) VALUES (1000, 0, now())");
    await sql("UPDATE diffio_webhooks.messages SET owner = 1000, claim = 1, run = 2");
    await expect.poll(() => signal?.aborted).toBe(true);
    gate.resolve();
    await pause(300);
    expect(await sql(STATES)).toMatchObject([{ state: "running", run: 2 }]);
    expect(await inbox.counts()).toMatchObject({ running: 1, done: 0 });
  });
});

describe("what is kept", () => {
  test("bodies go when their time is over; ids stay, and copies still run nothing", async () => {
    const { connectionString, sql } = await postgres.database();
    const { receiver, runs, receive } = receiverOn({ connectionString, keepBodiesInDays: 1 / 86_400 });
    const delivery = signed();
    await receive(delivery);
    await receiver.idle();
    const bodies = async (): Promise<unknown> =>
      (await sql("SELECT body IS NULL AS gone, state FROM diffio_webhooks.messages"))[0];
    await expect.poll(bodies, { timeout: 10_000 }).toEqual({ gone: true, state: "done" });
    expect((await receive(delivery)).status).toBe(200);
    await receiver.idle();
    expect(runs).toHaveLength(1);
  });

  test("dead letters keep their bytes, and what waits is never pruned", async () => {
    const { connectionString, sql } = await postgres.database();
    const { inbox, receiver, receive } = receiverOn(
      { connectionString, maxRuns: 1, keepBodiesInDays: 0, keepIdsInDays: 1 },
      {
        onAny: () => {
          throw new Error("as told");
        },
      },
    );
    const delivery = signed();
    await receive(delivery);
    await receiver.idle();
    await inbox.accept({
      receiver: "another",
      messageId: newMessageId(),
      timestamp: new Date(),
      rawBody: Buffer.from("{}"),
    });
    await sql(
      "UPDATE diffio_webhooks.messages SET received_at = received_at - interval '400 days' WHERE state = 'pending'",
    );
    await pause(2500);
    expect((await inbox.deadLetters.list()).map(({ rawBody }) => Buffer.from(rawBody).toString())).toEqual([
      delivery.body,
    ]);
    expect(await inbox.counts()).toMatchObject({ pending: 1, dead: 1 });
    await sql(
      "UPDATE diffio_webhooks.messages SET received_at = received_at - interval '2 days', ended_at = ended_at - interval '2 days' WHERE state = 'dead'",
    );
    await expect.poll(async () => (await inbox.counts()).dead, { timeout: 10_000 }).toBe(0);
  });
});

test("256 at once share their transactions", async () => {
  const { connectionString, sql } = await postgres.database();
  const inbox = open({ connectionString });
  const accept = (): Promise<unknown> =>
    inbox.accept({
      receiver: "nobody",
      messageId: newMessageId(),
      timestamp: new Date(),
      rawBody: Buffer.from(signed().body),
    });
  await accept();
  await Promise.all(Array.from({ length: 256 }, accept));
  const [row] = await sql(
    "SELECT count(DISTINCT xmin::text)::int AS transactions, count(*)::int FROM diffio_webhooks.messages",
  );
  expect(row).toMatchObject({ count: 257 });
  expect(row?.["transactions"]).toBeLessThanOrEqual(4);
});

test("an app that reads dates and large numbers its own way changes nothing", async () => {
  const parsers = [pg.types.builtins.TIMESTAMPTZ, pg.types.builtins.INT8, pg.types.builtins.NUMERIC].map(
    (type) => ({ type, parser: pg.types.getTypeParser(type) as (text: string) => unknown }),
  );
  onTestFinished(() => {
    for (const { type, parser } of parsers) pg.types.setTypeParser(type, parser);
  });
  for (const { type } of parsers) pg.types.setTypeParser(type, (text: string) => ({ text }));

  const { connectionString } = await postgres.database();
  const { inbox, receiver, runs, receive } = receiverOn(
    { connectionString },
    {
      onAny: () => {
        throw new Error("as told");
      },
    },
  );
  await receive();
  await receiver.idle();
  // Runs 2 and 3 are read from the database.
  const times = runs.map(({ context }) => context.timestamp.getTime());
  expect(new Set(times).size).toBe(1);
  const [letter] = await inbox.deadLetters.list();
  expect(letter?.diedAt.getTime()).toBeGreaterThanOrEqual(letter?.receivedAt.getTime() ?? Infinity);
  expect(await inbox.counts()).toMatchObject({ dead: 1, oldestPendingInSeconds: 0 });
  await inbox.deadLetters.discard(letter?.id ?? "");
  expect(await inbox.deadLetters.list()).toEqual([]);
});

test("a schema of a newer version is left alone, with a clear error", async () => {
  const { connectionString, sql } = await postgres.database();
  await open({ connectionString }).counts();
  await sql("UPDATE diffio_webhooks.version SET version = 99");
  await expect(open({ connectionString }).counts()).rejects.toMatchObject({
    code: "inbox_unavailable",
    message: expect.stringContaining("version 99") as string,
  });
});

test("a role that may create nothing uses what an administrator's first start has made", async () => {
  const { connectionString, sql } = await postgres.database();
  const { receiver } = receiverOn({ connectionString });
  await receiver.idle();
  await receiver.close();
  await sql("CREATE ROLE app LOGIN PASSWORD 'app'");
  await sql("GRANT USAGE ON SCHEMA diffio_webhooks TO app");
  await sql("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA diffio_webhooks TO app");
  const limited = new URL(connectionString);
  limited.username = "app";
  limited.password = "app";
  const app = receiverOn({ connectionString: limited.href });
  expect((await app.receive()).status).toBe(200);
  await app.receiver.idle();
  expect(app.runs).toHaveLength(1);
});
