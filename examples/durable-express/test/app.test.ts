import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATH } from "@diffio-webhooks/test-support/deliveries";
import { afterAll, describe, expect, test } from "vitest";
import { ENV, completed, describeNodeExample } from "../../example-suite.ts";
import { type RunningExample, startExample } from "../../start-example.ts";

const folder = mkdtempSync(join(tmpdir(), "durable-express-"));
process.env["INBOX_PATH"] = join(folder, "shared.db");
afterAll(() => rmSync(folder, { recursive: true }));

describeNodeExample(new URL("..", import.meta.url));

describe("the app that dies", () => {
  async function start(): Promise<{ example: RunningExample; url: URL }> {
    const env = { ...ENV, INBOX_PATH: join(folder, "killed.db") };
    const example = startExample(new URL("..", import.meta.url), ["src/server.ts"], env);
    const [origin] = await example.waitFor(/http:\S+\/webhooks\/diffio/);
    return { example, url: new URL(PATH, origin) };
  }

  test("in the middle of a run (kill -9): the next start runs the event again, and a resend runs nothing", async () => {
    const first = await start();
    const { headers, body } = completed("msg_killed", "gen_killed");
    expect((await fetch(first.url, { method: "POST", headers, body })).status).toBe(200);
    await first.example.waitFor(/run 1 of gen_killed/);
    await first.example.stop("SIGKILL");
    expect(first.example.output()).not.toContain("completed gen_killed");

    const second = await start();
    await second.example.waitFor(/completed gen_killed/);
    expect(second.example.output()).toContain("run 2 of gen_killed");
    expect((await fetch(second.url, { method: "POST", headers, body })).status).toBe(200);
    expect(await second.example.stop()).toBe(0);
    expect(second.example.output().match(/completed gen_killed/g)).toHaveLength(1);
  });

  test("by SIGTERM: 503 with Retry-After from then on, the run that goes on ends, and exit code 0", async () => {
    const { example, url } = await start();
    const deliver = (id: string): Promise<Response> => {
      const { headers, body } = completed(`msg_${id}`, `gen_${id}`);
      return fetch(url, { method: "POST", headers, body });
    };
    expect((await deliver("last")).status).toBe(200);
    await example.waitFor(/run 1 of gen_last/);
    const exitCode = example.stop("SIGTERM");
    let reply = await deliver("late_0");
    // The signal may take a moment.
    for (let late = 1; reply.status === 200; late++) reply = await deliver(`late_${late}`);
    expect([reply.status, await reply.json()]).toEqual([503, { error: "receiver_closed" }]);
    expect(reply.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(await exitCode).toBe(0);
    expect(example.output()).toMatch(/completed gen_last/);
  });
});
