import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../src/lib/worker/database.ts";
import {
  attach,
  database,
  eventually,
  folder,
  message,
  newPath,
  open,
  refusal,
  unavailable,
} from "./support/inboxes.ts";

describe("the file", () => {
  test("and those beside it can be read and written by their owner only", async () => {
    const path = newPath();
    const inbox = open(path);
    await inbox.accept(message());
    for (const end of ["", "-wal", "-shm"]) {
      expect([end, (statSync(path + end).mode & 0o777).toString(8)]).toEqual([end, "600"]);
    }
  });

  test("is made at the first use, and let go of by close, which may be repeated", async () => {
    const path = newPath();
    const inbox = open(path);
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
    await inbox.accept(message());
    await Promise.all([inbox.close(), inbox.close()]);
    await inbox.close();
    expect(statSync(`${path}-wal`, { throwIfNoEntry: false })).toBeUndefined();
    expect(await inbox.counts()).toMatchObject({ pending: 1 });
  });

  test("keeps every commit in a log that is synced with it", () => {
    const { sqlite, close } = openDatabase(newPath());
    onTestFinished(close);
    const setting = (name: string): unknown => sqlite.prepare(`PRAGMA ${name}`).get()?.[name];
    // 2 is FULL.
    expect([setting("journal_mode"), setting("synchronous")]).toEqual(["wal", 2]);
  });

  test("has the version of its schema in it", async () => {
    const path = newPath();
    await open(path).accept(message());
    expect(database(path).prepare("PRAGMA user_version").get()).toEqual({ user_version: 2 });
  });
});

describe("a file that cannot be used", () => {
  test("in a folder that is not there: a hint, and it goes on once the folder is there", async () => {
    const path = join(folder(), "volume", "inbox.db");
    const inbox = open(path);
    expect(await refusal(inbox)).toEqual(unavailable(/no folder .*volume/));
    mkdirSync(join(path, ".."));
    expect(await refusal(inbox)).toBe("accepted");
  });

  test("that is a folder", async () => {
    expect(await refusal(open(folder()))).toEqual(unavailable(/must be a file/));
  });

  test("that is no database", async () => {
    const path = newPath();
    writeFileSync(path, "These are not the bytes of a database. ".repeat(100));
    const inbox = open(path);
    expect(await refusal(inbox)).toEqual(unavailable(/no SQLite database/));
    renameSync(path, `${path}.old`);
    expect(await refusal(inbox)).toBe("accepted");
  });

  test("of another program is left as it is", async () => {
    const path = newPath();
    const other = database(path);
    other.exec("CREATE TABLE messages (text)");
    expect(await refusal(open(path))).toEqual(unavailable(/file of its own/));
    expect(other.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" });
    expect(other.prepare("SELECT count(*) AS n FROM sqlite_schema").get()).toEqual({ n: 1 });
  });

  test("from a newer version, which may come while it is open", async () => {
    const path = newPath();
    const inbox = open(path);
    expect(await refusal(inbox)).toBe("accepted");
    database(path).exec("PRAGMA user_version = 3");
    for (const each of [inbox, open(path)]) expect(await refusal(each)).toEqual(unavailable(/newer version/));
    database(path).exec("PRAGMA user_version = 2");
    expect(await refusal(inbox)).toBe("accepted");
  });

  test("that is damaged while it is in use: no crash, and it goes on with a new one", async () => {
    const path = newPath();
    const inbox = open(path);
    const { attachment } = attach(inbox);
    expect(await refusal(inbox)).toBe("accepted");
    await attachment.close();
    const { size } = statSync(path);
    writeFileSync(path, Buffer.concat([Buffer.alloc(100, 1), Buffer.alloc(size - 100, 2)]));
    expect(await refusal(inbox)).toEqual(unavailable(/no SQLite database|damaged/));
    rmSync(path);
    expect(await refusal(inbox)).toBe("accepted");
  });

  test("whose pages are damaged is told to be so", async () => {
    const path = newPath();
    const inbox = open(path);
    expect(await refusal(inbox)).toBe("accepted");
    await inbox.close();
    // All pages but the first, which has the schema.
    const { size } = statSync(path);
    const other = database(path);
    const { page_size: pageSize } = other.prepare("PRAGMA page_size").get() as { page_size: number };
    other.close();
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(size - pageSize, 7), 0, size - pageSize, pageSize);
    closeSync(file);
    expect(await refusal(inbox)).toEqual(unavailable(/damaged.*\.recover/));
  });

  test("that was moved away while it was open: nothing more goes into the old one", async () => {
    const path = newPath();
    const inbox = open(path);
    expect(await refusal(inbox)).toBe("accepted");
    for (const end of ["", "-wal", "-shm"]) renameSync(path + end, `${path}.old${end}`);
    expect(await refusal(inbox)).toBe("accepted");
    expect(await inbox.counts()).toMatchObject({ pending: 1 });
    expect(statSync(path).isFile()).toBe(true);
  });
});

test.each([
  ["empty", new Uint8Array()],
  ["of all bytes", Uint8Array.from({ length: 256 }, (_, byte) => byte)],
  ["of 5 MB", new Uint8Array(5_000_000).fill(120)],
  ["that is a view into a larger buffer", Buffer.from("before body after").subarray(7, 11)],
])("a body %s comes back byte for byte", async (_name, rawBody) => {
  const path = newPath();
  const first = open(path);
  const bytes = Uint8Array.from(rawBody);
  const one = message({ rawBody, secretName: "music" });
  await first.accept(one);
  await first.close();
  const { runs, attachment } = attach(open(path));
  await eventually(() => runs.length).toBe(1);
  expect(runs[0]?.message).toEqual({ ...one, rawBody: bytes });
  runs[0]?.end();
  await attachment.idle();
});
