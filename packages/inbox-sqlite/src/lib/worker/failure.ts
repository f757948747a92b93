import type { Failure, FailureKind } from "../operations.ts";

/** Why the database cannot be used, found out by ourselves. */
export class StoreFailure extends Error {
  readonly kind: FailureKind;
  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** SQLite's primary result codes: https://sqlite.org/rescode.html. */
const KINDS: Readonly<Record<number, FailureKind>> = {
  5: "locked",
  6: "locked",
  8: "read_only",
  10: "io",
  11: "corrupt",
  13: "full",
  14: "cannot_open",
  15: "locked",
  26: "not_a_database",
};

/** What the file system says when the file is made. */
const FILE_KINDS: Readonly<Record<string, FailureKind>> = {
  ENOENT: "no_folder",
  ENOTDIR: "no_folder",
  EACCES: "read_only",
  EPERM: "read_only",
  EROFS: "read_only",
  ENOSPC: "full",
  EDQUOT: "full",
};

/** Tells what kind of failure an error of SQLite's, of the file system's or of ours stands for. */
export function toFailure(error: unknown): Failure {
  if (error instanceof StoreFailure) return { kind: error.kind, message: error.message };
  const { code, errcode, message } = error as { code?: string; errcode?: number; message?: string };
  const text = typeof errcode === "number" ? `${message} (SQLite ${errcode})` : String(message ?? error);
  // The low byte is the primary code, what lies above says more of it.
  const kind = typeof errcode === "number" ? KINDS[errcode & 0xff] : FILE_KINDS[code ?? ""];
  return { kind: kind ?? "other", message: text };
}
