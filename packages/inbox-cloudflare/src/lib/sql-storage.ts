/** A value of SQLite's, as a Durable Object gives it. */
export type SqlValue = ArrayBuffer | string | number | null;

/** A row, by the names of its columns. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** The part of a Durable Object's SQL storage that is used here. */
export interface SqlStorage {
  exec(query: string, ...bindings: readonly (SqlValue | Uint8Array)[]): { toArray(): SqlRow[] };
}

/** The part of a Durable Object's storage that is used here. */
export interface ObjectStorage {
  readonly sql: SqlStorage;
  /** All of the writes, or none where it throws. */
  transactionSync<Result>(write: () => Result): Result;
  setAlarm(scheduledTime: number): Promise<void>;
}

/** A column of text. */
export function textOf(value: SqlValue | undefined): string {
  return typeof value === "string" ? value : "";
}

/** A column of text that may be null. */
export function optionalText(value: SqlValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
