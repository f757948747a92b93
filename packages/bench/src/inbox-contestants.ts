import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { DurableInbox } from "@diffio-webhooks/core";
import type { DurableInboxOptions } from "@diffio-webhooks/core/inbox";
import { postgresInbox } from "@diffio-webhooks/inbox-postgres";
import { redisInbox } from "@diffio-webhooks/inbox-redis";
import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
import { startPostgres } from "@diffio-webhooks/test-support/postgres";
import { hasRedisServer, startRedis } from "@diffio-webhooks/test-support/redis";
import { Queue } from "bullmq";
import pg from "pg";
import { PgBoss } from "pg-boss";
import type { InboxEngineId } from "./results.ts";

/** An engine that is up. */
export interface InboxContestant {
  /** An inbox on a fresh store. */
  open(options?: DurableInboxOptions): Promise<DurableInbox>;
  /** What the engine can do by itself, as durably: stores bodies, all of them at once, and resolves when they are safe. */
  openBare(): Promise<{ store(bodies: readonly Uint8Array[]): Promise<void>; close(): Promise<void> }>;
  /** The queue that a user would pick on this engine: fills it, then handles all that waits. */
  openQueue?(): Promise<{
    fill(count: number, body: Uint8Array): Promise<void>;
    drain(count: number, concurrency: number): Promise<void>;
    close(): Promise<void>;
  }>;
  /** Ends the engine, and takes its files away. */
  stop(): Promise<void>;
}

/** Starts an engine; undefined where this machine does not have it. */
export const START_ENGINE: Readonly<Record<InboxEngineId, () => Promise<InboxContestant | undefined>>> = {
  sqlite: startSqlite,
  postgres: startPostgresEngine,
  redis: startRedisEngine,
};

/** On the disk that temporary files are on, like the bare loop beside it. */
async function startSqlite(): Promise<InboxContestant> {
  const folder = await mkdtemp(join(tmpdir(), "diffio-bench-"));
  const newPath = (): string => join(folder, `${randomUUID()}.db`);
  return {
    open: async (options) => sqliteInbox({ path: newPath(), ...options }),
    async openBare() {
      const database = new DatabaseSync(newPath());
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      database.exec("CREATE TABLE message (id TEXT PRIMARY KEY, body BLOB NOT NULL)");
      const insert = database.prepare("INSERT INTO message VALUES (?, ?)");
      return {
        async store(bodies) {
          database.exec("BEGIN IMMEDIATE");
          for (const body of bodies) insert.run(randomUUID(), body);
          database.exec("COMMIT");
        },
        close: async () => database.close(),
      };
    },
    stop: () => rm(folder, { recursive: true }),
  };
}

/** The bare loop inserts rows, in one statement where there are several; the queue beside it is pg-boss. */
async function startPostgresEngine(): Promise<InboxContestant> {
  const server = await startPostgres();
  const newDatabase = (): Promise<string> =>
    server.createDatabase(`bench_${randomUUID().replaceAll("-", "")}`);
  return {
    open: async (options) => postgresInbox({ connectionString: await newDatabase(), ...options }),
    async openBare() {
      const pool = new pg.Pool({ connectionString: await newDatabase(), max: 8 });
      await pool.query("CREATE TABLE message (id text PRIMARY KEY, body bytea NOT NULL)");
      return {
        async store(bodies) {
          const rows = bodies.map((_body, index) => `($${2 * index + 1}, $${2 * index + 2})`);
          const values = bodies.flatMap((body) => [randomUUID(), Buffer.from(body)]);
          await pool.query(`INSERT INTO message VALUES ${rows.join(", ")}`, values);
        },
        close: () => pool.end(),
      };
    },
    async openQueue() {
      const boss = new PgBoss({ connectionString: await newDatabase(), supervise: false, schedule: false });
      boss.on("error", () => {});
      await boss.start();
      await boss.createQueue("bare");
      return {
        async fill(count, body) {
          for (let sent = 0; sent < count; sent += 1000) {
            const jobs = Array.from({ length: Math.min(1000, count - sent) }, () => ({
              data: { body: toText(body) },
            }));
            await boss.insert("bare", jobs);
          }
        },
        async drain(count, concurrency) {
          // As its own worker does with a batch: fetched together, completed together.
          for (let done = 0; done < count;) {
            const jobs = await boss.fetch("bare", { batchSize: concurrency });
            await boss.complete(
              "bare",
              jobs.map(({ id }) => id),
            );
            done += jobs.length;
          }
        },
        close: () => boss.stop({ graceful: false }),
      };
    },
    stop: () => server.stop(),
  };
}

/** The bare loop is BullMQ's own `add`, of the same data, on a server with `appendfsync always`. */
async function startRedisEngine(): Promise<InboxContestant | undefined> {
  if (!hasRedisServer) return undefined;
  const server = await startRedis();
  return {
    open: async (options) => redisInbox({ url: `${server.url}?keyPrefix=${randomUUID()}:`, ...options }),
    async openBare() {
      const queue = new Queue(`bare-${randomUUID()}`, { connection: { url: server.url } });
      queue.on("error", () => {});
      await queue.waitUntilReady();
      return {
        async store(bodies) {
          await Promise.all(
            bodies.map((body) => queue.add("bare", { body: toText(body) }, { jobId: randomUUID() })),
          );
        },
        close: () => queue.close(),
      };
    },
    stop: () => server.remove(),
  };
}

function toText(body: Uint8Array): string {
  return Buffer.from(body).toString("latin1");
}
