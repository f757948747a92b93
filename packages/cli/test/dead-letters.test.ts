import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Finished, cli, records } from "./support/cli.ts";

const SCOPE = "node_modules/@diffio-webhooks";

/** A project that has an inbox with dead letters, named dl_1 and so on, newest first. */
function project(
  count: number,
  more: object = {},
): {
  readonly run: (...args: readonly string[]) => Promise<Finished>;
  readonly left: () => { dead: { id: string }[]; closed?: boolean };
} {
  const folder = mkdtempSync(join(tmpdir(), "diffio-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, SCOPE, "inbox-sqlite"), { recursive: true });
  cpSync(
    join(import.meta.dirname, "support/stand-in-inbox.js"),
    join(folder, SCOPE, "inbox-sqlite/index.js"),
  );
  const manifest = { name: "@diffio-webhooks/inbox-sqlite", type: "module", exports: "./index.js" };
  writeFileSync(join(folder, SCOPE, "inbox-sqlite/package.json"), JSON.stringify(manifest));
  const dead = Array.from({ length: count }, (_, index) => ({
    id: `dl_${index + 1}`,
    messageId: `msg_${index + 1}`,
    receiver: "default",
    eventType: "generation.failed",
    rawBody: Buffer.from(index === 1 ? [0xff] : '{"eventType":"generation.failed"}').toString("base64"),
    runs: 8,
    reason: "handler_failed",
    error: "Error: \u001B[31mboom\u001B[0m\nat once",
    receivedAt: "2026-01-28T12:34:56.000Z",
    diedAt: "2026-01-29T12:34:56.000Z",
  }));
  const path = join(folder, "inbox.db");
  writeFileSync(path, JSON.stringify({ dead, ...more }));
  return {
    run: (...args) => cli(["dead-letters", ...args, "--sqlite", "inbox.db"], { cwd: folder }),
    left: () => JSON.parse(readFileSync(path, "utf8")) as { dead: { id: string }[]; closed?: boolean },
  };
}

describe("list", () => {
  test("for people, without what would command a terminal", async () => {
    const { run, left } = project(2);
    const { code, stdout, stderr } = await run("list");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(
      [1, 2]
        .map(
          (n) =>
            `dl_${n}  generation.failed  msg_${n}  default  8 runs  2026-01-29T12:34:56.000Z\n` +
            "  handler_failed: Error: boom at once\n",
        )
        .join("") + "2 dead letters; 1 pending, 0 running, 5 done.\n",
    );
    expect(left().closed).toBe(true);
  });

  test("for scripts", async () => {
    const listed = records(await project(2).run("list", "--json"));
    expect(listed).toMatchObject([
      { id: "dl_1", reason: "handler_failed", body: '{"eventType":"generation.failed"}', runs: 8 },
      { id: "dl_2", bodyBase64: "/w==", diedAt: "2026-01-29T12:34:56.000Z" },
    ]);
    expect(listed[0]).not.toHaveProperty("rawBody");
  });

  test("so many, over pages", async () => {
    const { run } = project(2500);
    const { stdout } = await run("list", "--limit", "2100");
    expect(stdout.match(/^dl_/gm)).toHaveLength(2100);
    expect(stdout).toContain("\n2100 of 2500 dead letters;");
    expect((await run("list", "--limit", "9999")).stdout.match(/^dl_/gm)).toHaveLength(2500);
  });

  test("none", async () => {
    expect((await project(0).run("list")).stdout).toMatch(/^0 dead letters;/);
    expect((await project(0).run("list", "--json")).stdout).toBe("");
  });

  test("an inbox that does not answer", async () => {
    const { code, stdout, stderr } = await project(1, { broken: true }).run("list");
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("The inbox does not answer: the connection was refused");
  });
});

describe.each(["replay", "discard"] as const)("%s", (command) => {
  test("those that are named", async () => {
    const { run, left } = project(3);
    const { code, stdout } = await run(command, "dl_1", "dl_3");
    expect(code).toBe(0);
    expect(stdout).toBe(["dl_1", "dl_3"].map((id) => `✓ ${id} ${command}ed.\n`).join(""));
    expect(left().dead.map(({ id }) => id)).toEqual(["dl_2"]);
  });

  test("one that is not there: the others all the same", async () => {
    const { run, left } = project(2);
    const finished = await run(command, "dl_9", "dl_2", "--json");
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain('No dead letter has the id "dl_9".');
    expect(records(finished)).toEqual([{ id: "dl_2", outcome: `${command}ed` }]);
    expect(left().dead.map(({ id }) => id)).toEqual(["dl_1"]);
  });

  test("none", async () => {
    const { run, left } = project(1);
    expect((await run(command)).code).toBe(2);
    expect(left().dead).toHaveLength(1);
  });
});

test("replay --all", async () => {
  const { run, left } = project(5);
  expect(await run("replay", "--all")).toEqual({ code: 0, stdout: "✓ 5 replayed.\n", stderr: "" });
  expect(left().dead).toEqual([]);
  expect((await run("replay", "--all", "dl_1")).code).toBe(2);
});

describe("refuses", () => {
  test.each<[name: string, args: string[], says: RegExp]>([
    ["no inbox", [], /Which inbox\?\n.*--sqlite PATH/],
    ["two inboxes", ["--sqlite", "inbox.db", "--redis", "redis://localhost"], /cannot be used with/],
    ["a file that is not there", ["--sqlite", "nowhere.db"], /There is no file nowhere\.db/],
    [
      "an engine that is not installed",
      ["--redis", "redis://localhost"],
      /npm install @diffio-webhooks\/inbox-redis/,
    ],
  ])("%s", async (_name, args, says) => {
    const folder = mkdtempSync(join(tmpdir(), "diffio-cli-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { code, stdout, stderr } = await cli(["dead-letters", "list", ...args], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(says);
  });
});
