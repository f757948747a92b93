import { spawnSync } from "node:child_process";
import { WebhookError } from "@diffio-webhooks/core";
import { describe, expect, test } from "vitest";
import { type SqliteInboxOptions, sqliteInbox } from "../src/index.ts";

describe("an option that makes no sense", () => {
  test.each<[string, unknown]>([
    ["no options", undefined],
    ["no path", {}],
    ["a path that is no string", { path: 7 }],
    ["an empty path", { path: "" }],
    ["memory", { path: ":memory:" }],
    ["a URL", { path: "file:///tmp/inbox.db" }],
    ["a zero byte", { path: "/tmp/inbox\0.db" }],
    ["maxRuns 0", { path: "inbox.db", maxRuns: 0 }],
    ["concurrency NaN", { path: "inbox.db", concurrency: Number.NaN }],
    ["leaseInSeconds 0", { path: "inbox.db", leaseInSeconds: 0 }],
  ])("%s: invalid_option with a hint", (_name, options) => {
    let error: unknown;
    try {
      sqliteInbox(options as SqliteInboxOptions);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(WebhookError);
    expect(error).toMatchObject({ code: "invalid_option", hint: expect.stringMatching(/./) as string });
  });
});

test("where there is no node:sqlite: imported without an error, and a clear one when it is called", () => {
  const script = `
    import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
    try {
      sqliteInbox({ path: "inbox.db" });
    } catch ({ code, hint }) {
      console.log(code, hint);
    }`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--no-experimental-sqlite", "--input-type=module", "--eval", script],
    { cwd: import.meta.dirname, encoding: "utf8" },
  );
  expect({ stdout, stderr }).toEqual({
    stdout: expect.stringMatching(/^invalid_option .*Node 22\.13/) as string,
    stderr: "",
  });
});
