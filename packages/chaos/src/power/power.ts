import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type FileEvent, readTrace, record } from "./trace.ts";

/** How a loss of power is tried. */
export interface PowerOptions {
  readonly messages: number;
  readonly bodyBytes: number;
  /** At most so many moments are tried. */
  readonly cuts: number;
  readonly isBroken?: boolean;
  onCut?(done: number): void;
}

/** What came of it. */
export interface PowerReport {
  readonly acknowledged: number;
  readonly syncs: number;
  /** Moments at which the power was cut, each in several ways. */
  readonly cuts: number;
  readonly images: number;
  /** Messages that were acknowledged before a cut, and not there after it. */
  readonly lost: readonly string[];
  /** What SQLite found wrong with a file. */
  readonly damaged: readonly string[];
}

type Change = Extract<FileEvent, { what: "write" | "truncate" }>;

/** A file as the disk has it, and what has been written to it since it was last synced. */
interface Image {
  synced: Buffer;
  unsynced: Change[];
}

const WAYS = ["only what was synced", "all that was written", "some of it"] as const;

/**
 * Records what a loaded inbox writes and syncs, and rebuilds its files as they can be after a loss of power: all that was
 * synced, and of what was written since then nothing, all, or some at random. Opens each, and looks for what had been
 * acknowledged by then. A power cut with the disk's own cache is not tried: a sync is believed.
 */
export async function losePower({
  messages,
  bodyBytes,
  cuts: maxCuts,
  isBroken = false,
  onCut = () => {},
}: PowerOptions): Promise<PowerReport> {
  const folder = mkdtempSync(join(tmpdir(), "diffio-power-"));
  try {
    const path = join(folder, "inbox.db");
    const log = join(folder, "trace");
    const main = join(import.meta.dirname, "loaded-inbox.ts");
    await record([main, JSON.stringify({ path, messages, bodyBytes, isBroken })], log);
    const every = Math.max(1, Math.floor((await countSyncs(log)) / maxCuts));

    const images = new Map<string, Image>([path, `${path}-wal`].map((file) => [file, emptyImage()]));
    const acknowledged = new Set<string>();
    const lost = new Set<string>();
    const damaged: string[] = [];
    let [syncs, cuts, tried] = [0, 0, 0];
    let hasNews = false;
    for await (const event of readTrace(log)) {
      if (event.what === "acknowledged") {
        acknowledged.add(event.messageId);
        hasNews = true;
        continue;
      }
      const image = images.get(event.file);
      if (!image) continue;
      if (event.what !== "sync") {
        // Just before the next write, and after all that was acknowledged: a moment at which the least is safe.
        if (hasNews && syncs % every === 0) {
          for (const way of WAYS) {
            const cut = openAfterCut(folder, path, images, way);
            tried += 1;
            if (typeof cut === "string") damaged.push(`${way}: ${cut}`);
            else for (const id of acknowledged) if (!cut.has(id)) lost.add(id);
          }
          cuts += 1;
          hasNews = false;
          onCut(cuts);
        }
        image.unsynced.push(event);
        continue;
      }
      syncs += 1;
      image.synced = apply(image.synced, image.unsynced);
      image.unsynced = [];
    }
    return {
      acknowledged: acknowledged.size,
      syncs,
      cuts,
      images: tried,
      lost: [...lost],
      damaged,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function countSyncs(log: string): Promise<number> {
  let syncs = 0;
  for await (const { what } of readTrace(log)) if (what === "sync") syncs += 1;
  return syncs;
}

function emptyImage(): Image {
  return { synced: Buffer.alloc(0), unsynced: [] };
}

function apply(before: Buffer, changes: readonly Change[]): Buffer {
  let bytes = before;
  for (const change of changes) {
    const length = change.what === "truncate" ? change.length : change.at + change.bytes.length;
    if (change.what === "truncate" || length > bytes.length) {
      const resized = Buffer.alloc(length);
      bytes.copy(resized);
      bytes = resized;
    }
    if (change.what === "write") change.bytes.copy(bytes, change.at);
  }
  return bytes;
}

/** The messages that are found after a cut, or what is wrong with the file. */
function openAfterCut(
  folder: string,
  path: string,
  images: ReadonlyMap<string, Image>,
  way: (typeof WAYS)[number],
): ReadonlySet<string> | string {
  const copy = mkdtempSync(join(folder, "cut-"));
  try {
    for (const [file, { synced, unsynced }] of images) {
      const kept =
        way === "only what was synced"
          ? []
          : unsynced.filter(() => way === "all that was written" || Math.random() < 0.5);
      writeFileSync(
        join(copy, file === path ? "inbox.db" : "inbox.db-wal"),
        apply(Buffer.from(synced), kept),
      );
    }
    const database = new DatabaseSync(join(copy, "inbox.db"));
    try {
      const check = database.prepare("PRAGMA quick_check").get()?.["quick_check"];
      if (check !== "ok") return String(check);
      if (!database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'messages'").get()) return new Set();
      const rows = database.prepare("SELECT message_id FROM messages JOIN bodies USING (seq)").all();
      return new Set(rows.map((row) => String(row["message_id"])));
    } finally {
      database.close();
    }
  } catch (error) {
    return String(error);
  } finally {
    rmSync(copy, { recursive: true });
  }
}
