import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { database, newPath } from "./support/inboxes.ts";

const ACCEPT_MANY = join(import.meta.dirname, "support/accept-many.ts");

/** What one of several processes did. */
interface Report {
  accepted: string[];
  ran: string[];
  errors: string[];
}

/** A process that waits for its word to begin. */
function start(path: string, seed: string): { ready: Promise<void>; go(): Promise<Report> } {
  const child = spawn(process.execPath, [ACCEPT_MANY, path, seed]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const closed = new Promise((resolve) => child.on("close", resolve));
  return {
    ready: lines
      .next()
      .then(({ value }) => expect({ value, stderr }).toEqual({ value: "ready", stderr: "" })),
    async go() {
      child.stdin.end("go");
      const report = await lines.next();
      expect({ code: await closed, stderr }).toEqual({ code: 0, stderr: "" });
      return JSON.parse(String(report.value)) as Report;
    },
  };
}

test("4 processes open a file that is not there at one moment, and take the same ids: one of them each", async () => {
  const path = newPath();
  const processes = ["a", "b", "c", "d"].map((own) => start(path, own));
  await Promise.all(processes.map(({ ready }) => ready));
  const reports = await Promise.all(processes.map(({ go }) => go()));
  expect(reports.flatMap(({ errors }) => errors)).toEqual([]);
  const accepted = reports.flatMap((report) => report.accepted);
  const ran = reports.flatMap((report) => report.ran);
  // 200 ids that all of them have, and 100 of each one's own.
  expect(accepted).toHaveLength(600);
  expect(new Set(accepted).size).toBe(600);
  expect(ran.toSorted()).toEqual(accepted.toSorted());
  const rows = database(path).prepare("SELECT state, run, count(*) AS n FROM messages GROUP BY 1, 2").all();
  expect(rows).toEqual([{ state: 2, run: 1, n: 600 }]);
});
