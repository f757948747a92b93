import { resolve } from "node:path";
import {
  type DurableInboxOptions,
  type StoreInbox,
  checkDurableInboxOptions,
  createStoreInbox,
  invalidOption,
} from "@diffio-webhooks/core/inbox";
import { findWorker } from "./runtime.ts";
import { createStoreClient } from "./store-client.ts";
import { createSqliteStore } from "./store.ts";

/** Options of {@link sqliteInbox}. */
export interface SqliteInboxOptions extends DurableInboxOptions {
  /**
   * The database file, on a local disk. It is made where there is none, in a folder that must be there; a relative path
   * is relative to the working directory of the moment. SQLite keeps files with -wal and -shm at the end beside it.
   */
  path: string;
}

/**
 * Keeps accepted messages in one SQLite file: whatever was acknowledged survives the process and is run, or found among
 * the dead letters. Several processes on one machine may share the file.
 *
 * The file is opened at the first use, in a thread of its own. While it cannot be used, deliveries are answered 503
 * (`inbox_unavailable`, with a hint), until it can be used again.
 *
 * @throws WebhookError `invalid_option`, also where this runtime has no `node:sqlite` (Node before 22.13), or a bundler
 *   has left out the file of the thread.
 */
export function sqliteInbox(options: SqliteInboxOptions): StoreInbox {
  if (typeof options !== "object" || options === null) {
    throw invalidOption("The options are not an object.", 'Pass { path: "/var/lib/my-service/inbox.db" }.');
  }
  const path = checkPath(options.path);
  const checked = checkDurableInboxOptions(options);
  const client = createStoreClient({
    path,
    leaseInMs: checked.leaseInSeconds * 1000,
    isSerial: checked.isSerial,
    worker: findWorker(),
  });
  return createStoreInbox(createSqliteStore(client), options);
}

function checkPath(path: unknown): string {
  if (typeof path !== "string") {
    throw invalidOption(
      `path is of type ${typeof path}.`,
      "Give the path of the database file, as a string.",
    );
  }
  if (path === "" || path === ":memory:") {
    throw invalidOption(
      `path is ${JSON.stringify(path)}: SQLite would keep the messages for this process only.`,
      "Give a file on a local disk. To keep them in memory, leave the inbox out, or use memoryInbox().",
    );
  }
  if (path.startsWith("file:") || path.includes("\0")) {
    throw invalidOption(
      "path is a URL, or has a zero byte in it.",
      "Give a plain path: url.fileURLToPath(…).",
    );
  }
  return resolve(path);
}
