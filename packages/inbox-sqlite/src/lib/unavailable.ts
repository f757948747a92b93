import { dirname } from "node:path";
import { WebhookError } from "@diffio-webhooks/core";
import type { Failure, FailureKind } from "./operations.ts";

/** What to do about each kind of failure. */
const HINTS: Readonly<Record<FailureKind, (path: string) => string>> = {
  locked: (path) =>
    `Another process holds a lock on ${path} for long: a shell, a backup or a migration with an open transaction. End it; deliveries go on by themselves then.`,
  full: (path) =>
    `The disk (or the quota) of ${dirname(path)} is full: make room. Deliveries go on by themselves then.`,
  io: (path) =>
    `The disk of ${path} reports an error (see the system's log), or this process has reached its limit on file sizes (ulimit -f).`,
  read_only: (path) =>
    `This process must be able to write to ${path} and to its folder, where SQLite keeps -wal and -shm files beside it: fix the owner, the mode or the mount.`,
  corrupt: (path) =>
    `${path} is damaged. Move it away together with its -wal and -shm files and keep them: a new one is made at the next delivery, and "sqlite3 <file> .recover" gets out of the old one what can be saved.`,
  not_a_database: (path) =>
    `${path} is no SQLite database: check the option path, or move the file away (with its -wal and -shm files), and a new one is made at the next delivery.`,
  foreign: () => "Give the inbox a file of its own: it shares none with the tables of another program.",
  newer: () =>
    "A newer version of @diffio-webhooks/inbox-sqlite has opened the file: update this process to that version.",
  no_folder: (path) =>
    `There is no folder ${dirname(path)}. Make it, or mount its volume; it is not made for you, since messages in a folder that should have been a mounted disk are lost with the container.`,
  cannot_open: (path) =>
    `SQLite cannot open ${path}: it must be a file, in a folder that this process may use.`,
  no_wal: (path) =>
    `SQLite's write-ahead log does not work there: ${path} must be on a local disk, not on a network file system.`,
  crashed: () => "Nothing that was acknowledged is lost. The thread is started again with the next request.",
  late: () => "The disk is slower than the load, or hangs. The sender will try again.",
  other: () => "What SQLite says of it is in the message.",
};

/** Makes the error for a database that cannot be used for the moment: the sender is told 503 and tries again. */
export function unavailable({ kind, message }: Failure, path: string): WebhookError {
  return new WebhookError("inbox_unavailable", `The SQLite inbox cannot be used: ${message}.`, {
    hint: HINTS[kind](path),
  });
}
