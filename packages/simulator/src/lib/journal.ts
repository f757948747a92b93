import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { SimulatorError } from "./errors.ts";
import type { RecordKind, Records } from "./records.ts";

/** One thing that happened; `at` is the simulated clock's time, in milliseconds. */
export type JournalEntry = { readonly at: number } & (
  | { readonly action: "advanced" }
  | { readonly action: "saved"; readonly kind: RecordKind; readonly record: Records[RecordKind] }
  | { readonly action: "removed"; readonly kind: RecordKind; readonly id: string }
);

/** A file of what happened, one line of JSON each. What is appended has left this process when `append` returns. */
export interface Journal {
  append(entry: JournalEntry): void;
  close(): void;
}

/** The first line, so that no other file is taken for ours and overwritten. */
const HEADER = '{"format":"diffio-webhooks-simulator","version":1}';

/**
 * Reads the journal at a path, then begins it anew with the entries that `compact` makes of the old ones.
 *
 * @throws SimulatorError `invalid_data_file`
 */
export function openJournal(
  path: string,
  compact: (entries: readonly JournalEntry[]) => Iterable<JournalEntry>,
): Journal {
  const file = resolve(path);
  const unlock = lock(file);
  try {
    const lines = [HEADER, ...Array.from(compact(readJournal(file)), (entry) => JSON.stringify(entry))];
    // Secrets are in it: for this user's eyes only. The old file stays whole until the new one is.
    writeFileSync(`${file}.new`, `${lines.join("\n")}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    const descriptor = openSync(file, "a", 0o600);
    return {
      append: (entry) => void writeSync(descriptor, `${JSON.stringify(entry)}\n`),
      close() {
        closeSync(descriptor);
        unlock();
      },
    };
  } catch (error) {
    unlock();
    if (error instanceof SimulatorError) throw error;
    throw invalidDataFile(`The data file ${file} cannot be used.`, "See the cause.", error);
  }
}

function readJournal(file: string): JournalEntry[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  if (text === "") return [];
  const [header, ...lines] = text.split("\n");
  if (header !== HEADER) {
    throw invalidDataFile(
      `${file} is not a data file of this version of the simulator.`,
      "Name another file, or one that does not exist yet. This one was left as it is.",
    );
  }
  // What follows the last newline is nothing, or a line that the process died over.
  lines.pop();
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as JournalEntry;
    } catch (cause) {
      throw invalidDataFile(
        `Line ${index + 2} of ${file} is damaged.`,
        "Remove the line, or name another file.",
        cause,
      );
    }
  });
}

/** Lock files of simulators in this process. */
const locked = new Set<string>();

/** Keeps a second simulator from the file. One that died without unlocking keeps nobody. */
function lock(file: string): () => void {
  const lockFile = `${file}.lock`;
  try {
    writeFileSync(lockFile, String(process.pid), { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw invalidDataFile(`The data file ${file} cannot be written.`, "Does its folder exist?", error);
    }
    const owner = Number(readFileSync(lockFile, "utf8"));
    // In a container each process may have the id that the one before it had.
    if (owner === process.pid ? locked.has(lockFile) : isAlive(owner)) {
      throw invalidDataFile(
        `Another simulator (process ${owner}) uses ${file}.`,
        `Stop it, or name another file. If there is none, remove ${lockFile}.`,
      );
    }
    writeFileSync(lockFile, String(process.pid));
  }
  locked.add(lockFile);
  return () => {
    locked.delete(lockFile);
    rmSync(lockFile, { force: true });
  };
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // Alive, but another user's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether it has died, and nobody has asked how: in a container without an init, for ever. */
function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    // No Linux.
    return false;
  }
}

function invalidDataFile(message: string, hint: string, cause?: unknown): SimulatorError {
  return new SimulatorError("invalid_data_file", message, hint, cause);
}
