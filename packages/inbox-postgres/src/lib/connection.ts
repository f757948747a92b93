import type { ExistingBoss } from "./boss-types.ts";
import type { Database } from "./database.ts";
import { warnOfUnsafeSettings } from "./durability.ts";
import { migrate } from "./migrations.ts";
import type { Source } from "./options.ts";
import { queueName } from "./queue-name.ts";
import { type Session, openSession } from "./session.ts";

/** What runs need besides the database. */
export interface Queues {
  readonly database: Database;
  readonly boss: ExistingBoss;
  /** The names of the queues of messages' receivers, by receiver. They are there. */
  queuesOf(messages: readonly { readonly receiver: string }[]): Promise<ReadonlyMap<string, string>>;
}

/** The way to the server: opened at its first use, and again after it was closed. */
export interface Connection {
  /** The database, with our schema in it. */
  database(): Promise<Database>;
  /** The same, and a started pg-boss. */
  queues(): Promise<Queues>;
  /** To be told of what a use of it came to: a schema or queue that somebody took away is made again at the next. */
  failed(error: unknown): void;
  /** Lets go of what is ours. */
  close(): Promise<void>;
}

/** A run's job is done with when its run is: pg-boss itself neither retries it nor keeps it. */
const QUEUE_OPTIONS = {
  retryLimit: 0,
  // Pending messages are never given up, however long nobody takes them: ten years.
  retentionSeconds: 315_360_000,
  // The most that pg-boss takes. Longer runs go on: their lease is ours.
  expireInSeconds: 86_400,
};

/** Makes the way to the server. Nothing is opened yet. */
export function createConnection(source: Source, onError: (error: unknown) => void): Connection {
  let session: Session | undefined;
  let warned = false;

  const current = (): Session => (session ??= openSession(source, onError));

  async function openDatabase({ database }: Session): Promise<Database> {
    await migrate(database);
    if (!warned) {
      await warnOfUnsafeSettings(database);
      warned = true;
    }
    return database;
  }

  function openedDatabase(opened: Session): Promise<Database> {
    return (opened.opening ??= openDatabase(opened).catch((error: unknown) => {
      opened.opening = undefined;
      throw error;
    }));
  }

  return {
    database: () => openedDatabase(current()),
    async queues() {
      const opened = current();
      const database = await openedDatabase(opened);
      const boss = await opened.startBoss();
      return { database, boss, queuesOf: (messages) => queuesOf(opened, boss, messages) };
    },
    failed(error) {
      if (!session || !(error instanceof Error) || !/does not exist|q_fkey/.test(error.message)) return;
      session.opening = undefined;
      session.queues.clear();
    },
    async close() {
      const closing = session;
      session = undefined;
      await closing?.close();
    },
  };
}

async function queuesOf(
  { queues }: Session,
  boss: ExistingBoss,
  messages: readonly { readonly receiver: string }[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const { receiver } of messages) {
    if (names.has(receiver)) continue;
    const name = queueName(receiver);
    let made = queues.get(name);
    if (!made) {
      made = boss.createQueue(name, QUEUE_OPTIONS);
      queues.set(name, made);
      made.catch(() => queues.delete(name));
    }
    await made;
    names.set(receiver, name);
  }
  return names;
}
