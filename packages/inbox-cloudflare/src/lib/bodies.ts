import type { SqlStorage } from "./sql-storage.ts";

/** A row takes at most 2 MB: larger bodies take several. */
const PART_BYTES = 1_048_576;

/** How many rows a body takes. */
export function partsOf(bytes: Uint8Array): number {
  return Math.max(1, Math.ceil(bytes.length / PART_BYTES));
}

export function addBody(sql: SqlStorage, message: number, bytes: Uint8Array): void {
  for (let part = 0; part < partsOf(bytes); part++) {
    const slice = bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    sql.exec("INSERT INTO bodies (message, part, bytes) VALUES (?, ?, ?)", message, part, slice);
  }
}

export function removeBody(sql: SqlStorage, message: number): void {
  sql.exec("DELETE FROM bodies WHERE message = ?", message);
}

export function loadBody(sql: SqlStorage, message: number): Uint8Array {
  const parts = sql
    .exec("SELECT bytes FROM bodies WHERE message = ? ORDER BY part", message)
    .toArray()
    .map((row) => new Uint8Array(row["bytes"] as ArrayBuffer));
  const whole = new Uint8Array(parts.reduce((bytes, { length }) => bytes + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
