import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  attach,
  database,
  eventually,
  message,
  newPath,
  open,
  refusal,
  unavailable,
} from "./support/inboxes.ts";

const PACKAGE = join(import.meta.dirname, "..");
const ONE_DELIVERY = join(PACKAGE, "test/support/one-delivery.ts");

/** The threads that are started while the test runs. */
function startedWorkers(): Worker[] {
  const workers: Worker[] = [];
  const started = (worker: Worker): void => void workers.push(worker);
  process.on("worker", started);
  onTestFinished(() => void process.off("worker", started));
  return workers;
}

describe("a thread that dies", () => {
  test("in the middle of deliveries: they are refused, nothing acknowledged is lost, and the next ones are taken", async () => {
    const path = newPath();
    const workers = startedWorkers();
    const inbox = open(path);
    const acknowledged: string[] = [];
    for (let round = 0; round < 5; round++) {
      const all = Array.from({ length: 50 }, () => message());
      const replies = Promise.all(all.map((one) => refusal(inbox, one)));
      await new Promise((resolve) => setTimeout(resolve, round * 3));
      await workers.at(-1)?.terminate();
      (await replies).forEach((reply, index) => {
        if (reply === "accepted") acknowledged.push(all[index]?.messageId ?? "");
        else expect(reply).toEqual(unavailable(/started again/));
      });
      expect(await refusal(inbox)).toBe("accepted");
    }
    expect(workers.length).toBeGreaterThan(1);
    const known = new Set(
      database(path)
        .prepare("SELECT message_id FROM messages JOIN bodies USING (seq)")
        .all()
        .map(({ message_id: id }) => id),
    );
    expect(acknowledged.filter((id) => !known.has(id))).toEqual([]);
  });

  test("takes no run with it: its lease is kept, and its end is written down", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => void vi.restoreAllMocks());
    const workers = startedWorkers();
    const inbox = open(newPath(), { leaseInSeconds: 1 });
    const { runs, interrupted, attachment } = attach(inbox);
    await inbox.accept(message());
    await eventually(() => runs.length).toBe(1);
    await workers[0]?.terminate();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect([runs.length, interrupted, runs[0]?.attempt.signal?.aborted]).toEqual([1, [], false]);
    runs[0]?.end();
    await attachment.idle();
    expect(await inbox.counts()).toMatchObject({ done: 1, running: 0 });
  });
});

test("an inbox keeps no process alive but for what it is doing, and warns of nothing", () => {
  const script = `
    import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
    const inbox = sqliteInbox({ path: process.argv[1] });
    console.log(JSON.stringify(await inbox.counts()));`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", script, newPath()],
    { cwd: import.meta.dirname, encoding: "utf8", timeout: 20_000 },
  );
  expect({ stderr, status, counts: JSON.parse(stdout) as unknown }).toMatchObject({
    stderr: "",
    status: 0,
    counts: { done: 0 },
  });
});

describe("a bundle", () => {
  async function bundle(external: string[], format: "esm" | "cjs"): Promise<string> {
    const folder = mkdtempSync(join(PACKAGE, "test/.bundle-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const entry = join(folder, "entry.ts");
    writeFileSync(
      entry,
      `import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
      async function main() {
        const inbox = sqliteInbox({ path: process.argv[2] ?? "" });
        console.log((await inbox.counts()).done);
        await inbox.close();
      }
      main().catch(({ code, hint }) => console.log(code, hint));`,
    );
    const outfile = join(folder, format === "esm" ? "bundle.mjs" : "bundle.cjs");
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: "node",
      format,
      external,
      logLevel: "silent",
    });
    return outfile;
  }
  const run = async (file: string): Promise<string> =>
    (await promisify(execFile)(process.execPath, [file, newPath()])).stdout;

  test.each(["esm", "cjs"] as const)("(%s) that has swallowed the package: a clear error", async (format) => {
    expect(await run(await bundle([], format))).toMatch(
      /^invalid_option .*external: @diffio-webhooks\/inbox-sqlite/,
    );
  });

  test.each(["esm", "cjs"] as const)("(%s) that leaves the package out works", async (format) => {
    expect(await run(await bundle(["@diffio-webhooks/inbox-sqlite"], format))).toBe("0\n");
  });
});

describe("on other runtimes", () => {
  test.each([
    ["Node", [process.execPath]],
    ["Bun", [join(PACKAGE, "node_modules/.bin/bun")]],
    ["Deno", [join(PACKAGE, "node_modules/.bin/deno"), "run", "--allow-all", "--no-prompt"]],
  ])("%s: receives, runs again what failed, closes and ends", (_name, [program = "", ...args]) => {
    const path = newPath();
    const { stdout, stderr, status } = spawnSync(program, [...args, ONE_DELIVERY, path], {
      encoding: "utf8",
      timeout: 25_000,
    });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(JSON.parse(stdout)).toEqual([
      200,
      ["gen_123", 1, true],
      ["failed", 1, false],
      ["gen_123", 2, true],
      200,
      { pending: 0, running: 0, done: 1, dead: 0, oldestPendingInSeconds: 0 },
    ]);
    expect([existsSync(path), existsSync(`${path}-wal`)]).toEqual([true, false]);
  });
});
