import { type SignedDelivery, signed } from "@diffio-webhooks/test-support/deliveries";
import pg from "pg";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { usePostgres } from "./support/postgres.ts";
import { receiverOn } from "./support/receivers.ts";

const postgres = usePostgres();

describe("a pool of the app's", () => {
  test("is not ended with the inbox", async () => {
    const { connectionString } = await postgres.database();
    const pool = new pg.Pool({ connectionString });
    onTestFinished(() => pool.end());
    const { inbox, receiver, runs, receive } = receiverOn({ pool });
    await receive();
    await receiver.idle();
    await receiver.close();
    await inbox.close();
    expect(runs).toHaveLength(1);
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect(pool.listenerCount("error")).toBe(0);
  });

  test("with two connections is enough", async () => {
    const { connectionString } = await postgres.database();
    const pool = new pg.Pool({ connectionString, max: 2 });
    onTestFinished(() => pool.end());
    const { receiver, runs, receive } = receiverOn({ pool });
    const replies = await Promise.all(Array.from({ length: 50 }, () => receive()));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    await receiver.idle();
    expect(runs).toHaveLength(50);
  });
});

test("an app and a command line that come different ways work on one store", async () => {
  const { connectionString } = await postgres.database();
  const pool = new pg.Pool({ connectionString });
  onTestFinished(() => pool.end());
  const service = receiverOn(
    { pool, maxRuns: 1 },
    {
      onAny: ({ run, messageId }) => {
        if (service.runs.filter((seen) => seen.messageId === messageId).length === run)
          throw new Error("as told");
      },
    },
  );
  const delivery: SignedDelivery = signed();
  await service.receive(delivery);
  await service.receiver.idle();
  const office = receiverOn({ connectionString }, { name: "office" });
  expect(await office.inbox.deadLetters.replayAll()).toBe(1);
  await service.receiver.idle();
  expect(service.runs.map(({ messageId }) => messageId)).toEqual([delivery.messageId, delivery.messageId]);
  expect(await office.inbox.counts()).toMatchObject({ done: 1, dead: 0 });
});

test("the way to the server is closed with the last receiver, and opened again when it is needed", async () => {
  const { connectionString, sql } = await postgres.database();
  const connections = async (): Promise<unknown> =>
    (
      await sql(
        "SELECT count(*)::int AS number FROM pg_stat_activity WHERE application_name = 'diffio-webhooks' AND datname = current_database()",
      )
    )[0]?.["number"];
  const { inbox, receiver, receive } = receiverOn({ connectionString });
  await receive();
  await receiver.idle();
  expect(await connections()).toBeGreaterThan(0);
  await Promise.all([receiver.close(), receiver.close()]);
  await expect.poll(connections).toBe(0);
  expect(await inbox.counts()).toMatchObject({ done: 1 });
  expect(await connections()).toBe(1);
  await Promise.all([inbox.close(), inbox.close()]);
  await expect.poll(connections).toBe(0);
});

describe("settings of the server that lose commits", () => {
  async function warningsOn(connectionString: string): Promise<string[]> {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const { receiver, receive } = receiverOn({ connectionString });
    await receive();
    await receive();
    await receiver.idle();
    await receiver.close();
    const warnings = warn.mock.calls.map(([text]) => String(text));
    warn.mockRestore();
    return warnings;
  }

  test("synchronous_commit is off, for the database: one warning, with its fix", async () => {
    const { connectionString, sql } = await postgres.database();
    expect(await warningsOn(connectionString)).toEqual([]);
    const name = new URL(connectionString).pathname.slice(1);
    await sql(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    expect(await warningsOn(connectionString)).toEqual([
      expect.stringMatching(
        /synchronous_commit is off.*acknowledged.*ALTER ROLE .* SET synchronous_commit = on/,
      ),
    ]);
  });

  test("fsync is off: one warning, with its fix", async () => {
    const { connectionString, sql } = await postgres.database();
    const set = async (value: string): Promise<void> => {
      await sql(`ALTER SYSTEM SET fsync = ${value}`);
      await sql("SELECT pg_reload_conf()");
      await expect.poll(async () => (await sql("SHOW fsync"))[0]).toEqual({ fsync: value });
    };
    onTestFinished(() => set("on"));
    await set("off");
    expect(await warningsOn(connectionString)).toEqual([
      expect.stringMatching(/fsync is off.*postgresql\.conf/),
    ]);
  });
});
