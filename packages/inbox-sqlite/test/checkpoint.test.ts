import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { checkpointAlone, hasWalResetBug } from "../src/lib/worker/checkpoint.ts";
import { database, message, newPath, open } from "./support/inboxes.ts";

test.each([
  ["3.7.0", true],
  ["3.44.5", true],
  ["3.44.6", false],
  ["3.47.2", true],
  ["3.50.6", true],
  ["3.50.7", false],
  ["3.51.2", true],
  ["3.51.3", false],
  ["3.52.0", false],
  ["3.53.4", false],
  ["4.0.0", false],
])("SQLite %s may lose commits to a checkpoint beside them: %s", (version, expected) => {
  expect(hasWalResetBug(version)).toBe(expected);
});

test("a checkpoint with nobody beside it empties the log,", async () => {
  const path = newPath();
  const inbox = open(path);
  await inbox.accept(message());
  const log = `${path}-wal`;
  expect(statSync(log).size).toBeGreaterThan(0);
  checkpointAlone(database(path));
  expect(statSync(log).size).toBe(0);
  await inbox.accept(message());
  expect(await inbox.counts()).toMatchObject({ pending: 2 });
});
