import { signed } from "@diffio-webhooks/test-support/deliveries";
import { drizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { transactionOf } from "../src/index.ts";
import { usePostgres } from "./support/postgres.ts";
import { type SeenRun, receiverOn } from "./support/receivers.ts";

const postgres = usePostgres();

const insert = (run: SeenRun): Promise<unknown> =>
  transactionOf<pg.PoolClient>(run.context).query("INSERT INTO effects VALUES ($1, $2)", [
    run.messageId,
    run.run,
  ]);

describe.each(["connectionString", "pool"])("transactional, with { %s }", (way) => {
  async function effectsOf(onAny: (run: SeenRun) => unknown) {
    const { connectionString, sql } = await postgres.database();
    await sql("CREATE TABLE effects (message_id text, run int)");
    const pool = new pg.Pool({ connectionString });
    onTestFinished(() => pool.end());
    const source = way === "pool" ? { pool } : { connectionString };
    const service = receiverOn({ ...source, transactional: true }, { onAny });
    return { ...service, sql, effects: () => sql("SELECT run FROM effects ORDER BY run") };
  }

  test("what a callback writes is committed with its done", async () => {
    const { receive, receiver, effects, inbox } = await effectsOf(insert);
    await Promise.all(Array.from({ length: 30 }, () => receive()));
    await receiver.idle();
    expect(await effects()).toHaveLength(30);
    expect(await inbox.counts()).toMatchObject({ done: 30, running: 0 });
  });

  test("what a failed run has written is gone; that of the run that succeeds stays", async () => {
    const { receive, receiver, effects } = await effectsOf(async (run) => {
      await insert(run);
      if (run.run < 3) throw new Error("as told");
    });
    await receive();
    await receiver.idle();
    expect(await effects()).toEqual([{ run: 3 }]);
  });

  test("an error of the database that a callback swallows: nothing is committed, and the run has failed", async () => {
    const { receive, receiver, effects, inbox, errors } = await effectsOf(async (run) => {
      await insert(run);
      await transactionOf<pg.PoolClient>(run.context)
        .query("SELECT 1 / 0")
        .catch(() => {});
    });
    await receive();
    await receiver.idle();
    expect(await effects()).toEqual([]);
    expect(await inbox.counts()).toMatchObject({ dead: 1 });
    // Heard of, each time: current transaction is aborted.
    expect(errors.map(({ error, run, final }) => [(error as { code: string }).code, run, final])).toEqual([
      ["25P02", 1, false],
      ["25P02", 2, false],
      ["25P02", 3, true],
    ]);
  });

  test("a run whose lease is lost commits nothing", async () => {
    const gate = Promise.withResolvers<void>();
    const { receive, receiver, effects, runs, sql } = await effectsOf(async (run) => {
      await insert(run);
      if (run.run === 1) await gate.promise;
    });
    await receive();
    await expect.poll(() => runs.length).toBe(1);
    // As if another process had taken this one for dead.
    await sql("DELETE FROM diffio_webhooks.owners");
    await expect.poll(() => runs.length, { timeout: 15_000 }).toBe(2);
    gate.resolve();
    await receiver.idle();
    expect(await effects()).toEqual([{ run: 2 }]);
  });

  test("a callback that goes on after its limit has nothing to write to", async () => {
    const late = Promise.withResolvers<unknown>();
    const { receive, receiver, effects } = await effectsOf(async (run) => {
      const client = transactionOf<pg.PoolClient>(run.context);
      if (run.run > 1) return;
      await insert(run);
      setTimeout(() => {
        try {
          client.query("INSERT INTO effects VALUES ('late', 9)").then(late.resolve, late.resolve);
        } catch (error) {
          late.resolve(error);
        }
      }, 300);
      throw new Error("as told");
    });
    await receive();
    expect(await late.promise).toMatchObject({ message: expect.stringContaining("has ended") as string });
    await receiver.idle();
    expect(await effects()).toEqual([]);
  });

  test.each(["BEGIN", "commit", " Rollback", "START TRANSACTION", "END;"])(
    "%j is refused",
    async (statement) => {
      const { receive, receiver, errors } = await effectsOf((run) =>
        transactionOf<pg.PoolClient>(run.context).query(statement),
      );
      await receive();
      await receiver.idle();
      expect(errors[0]?.error).toMatchObject({ code: "invalid_option" });
    },
  );

  test("savepoints are the callback's own", async () => {
    const { receive, receiver, effects } = await effectsOf(async (run) => {
      const client = transactionOf<pg.PoolClient>(run.context);
      await insert(run);
      await client.query("SAVEPOINT here");
      await client.query("INSERT INTO effects VALUES ('x', 9)");
      await client.query("ROLLBACK TO SAVEPOINT here");
    });
    await receive();
    await receiver.idle();
    expect(await effects()).toEqual([{ run: 1 }]);
  });
});

describe("query builders write in the transaction", () => {
  async function effectsOf(write: (client: pg.PoolClient, run: SeenRun) => Promise<unknown>) {
    const { connectionString, sql } = await postgres.database();
    await sql("CREATE TABLE effects (message_id text, run int)");
    const { receive, receiver, inbox } = receiverOn(
      { connectionString, transactional: true },
      {
        async onAny(run) {
          await write(transactionOf<pg.PoolClient>(run.context), run);
          if (run.run === 1) throw new Error("as told");
        },
      },
    );
    await receive();
    await receiver.idle();
    expect(await inbox.counts()).toMatchObject({ done: 1 });
    return sql("SELECT run FROM effects");
  }

  test("Drizzle", async () => {
    const effects = pgTable("effects", { messageId: text("message_id"), run: integer("run") });
    const rows = await effectsOf((client, { messageId, run }) =>
      drizzle(client).insert(effects).values({ messageId, run }),
    );
    expect(rows).toEqual([{ run: 2 }]);
  });

  test("Kysely", async () => {
    interface Tables {
      effects: { message_id: string; run: number };
    }
    const rows = await effectsOf((client, { messageId, run }) => {
      const pool = { options: {}, connect: async () => client, end: async () => {} };
      const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
      return db.insertInto("effects").values({ message_id: messageId, run }).execute();
    });
    expect(rows).toEqual([{ run: 2 }]);
  });
});

test("without it, asking for a transaction is a clear error", async () => {
  const { connectionString } = await postgres.database();
  const { receive, receiver, errors } = receiverOn({ connectionString, maxRuns: 1 }, { onAny: insert });
  await receive(signed());
  await receiver.idle();
  expect(errors[0]?.error).toMatchObject({
    code: "invalid_option",
    hint: expect.stringContaining("transactional: true") as string,
  });
});
