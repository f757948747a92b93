import { rmSync } from "node:fs";
import { join } from "node:path";
import { createReceiver } from "@diffio-webhooks/core";
import { sampleEvent } from "@diffio-webhooks/core/testing";
import type { StoreInbox } from "@diffio-webhooks/core/inbox";
import { postgresInbox } from "@diffio-webhooks/inbox-postgres";
import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
import { signed } from "@diffio-webhooks/test-support/deliveries";
import { startPostgres } from "@diffio-webhooks/test-support/postgres";
import { SECRET } from "@diffio-webhooks/test-support/signing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Finished, cli, projectWith, records } from "./support/cli.ts";

// Each command is a process of its own.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** A user's project that has the engines installed. */
let project: string;
beforeAll(() => {
  project = projectWith(["sqlite", "postgres"]);
});
afterAll(() => rmSync(project, { recursive: true }));

describe.each(["sqlite", "postgres"])("inbox, on %s", (engine) => {
  let place: string;
  let inbox: StoreInbox;
  let stop: () => Promise<void>;
  const [one, another] = [
    signed(),
    signed(JSON.stringify(sampleEvent("generation.failed", { generationId: "gen_9" }))),
  ];
  const ran: string[] = [];
  const run = (...args: string[]): Promise<Finished> =>
    cli(["inbox", ...args, `--${engine}`, place], { cwd: project });

  beforeAll(async () => {
    const server = engine === "postgres" ? await startPostgres() : undefined;
    place = server ? await server.createDatabase("cli") : join(project, "inbox.db");
    inbox = server
      ? postgresInbox({ connectionString: place, maxRuns: 1 })
      : sqliteInbox({ path: place, maxRuns: 1 });
    const receiver = createReceiver({
      inbox,
      signingSecret: SECRET,
      onAny: (_event, { messageId }) => {
        ran.push(messageId);
        if (messageId === another.messageId) throw new Error("as told");
      },
      onError: () => {},
    });
    for (const { headers, body } of [one, another]) await receiver.receive({ method: "POST", headers, body });
    await receiver.idle();
    stop = async () => {
      await receiver.close();
      await server?.stop();
    };
  });
  afterAll(() => stop());

  test("lists, and finds by subject", async () => {
    const all = await run("messages");
    expect(all).toMatchObject({ code: 0, stderr: "" });
    expect(all.stdout).toContain(one.messageId);
    const found = records(await run("messages", "--subject", "gen_9", "--state", "dead", "--json"));
    expect(found).toMatchObject([{ messageId: another.messageId, state: "dead", receiver: "default" }]);
    expect((await run("messages", "--state", "pending")).stdout).toBe("No messages fit.\n");
    expect(await run("messages", "--limit", "5000")).toMatchObject({ code: 1 });
  });

  test("shows one, with its body", async () => {
    const shown = await run("show", one.messageId);
    expect(shown.stdout).toContain(one.body);
    expect(await run("show", "msg_none")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("No message") as string,
    });
  });

  test("replays, pauses, resumes, counts and removes", async () => {
    expect((await run("pause")).stdout).toBe("✓ All receivers paused.\n");
    expect((await run("replay", one.messageId)).stdout).toBe(`✓ ${one.messageId} replayed.\n`);
    expect(records(await run("counts", "--json"))).toMatchObject([{ pending: 1, running: 0 }]);
    expect(ran.filter((id) => id === one.messageId)).toHaveLength(1);
    expect((await run("resume")).code).toBe(0);
    await expect.poll(() => ran.filter((id) => id === one.messageId).length, { timeout: 10_000 }).toBe(2);
    expect((await run("remove", one.messageId)).stdout).toBe(`✓ ${one.messageId} removed.\n`);
    expect((await run("show", one.messageId)).stdout).toContain("not kept any more");
    expect(await run("replay", one.messageId)).toMatchObject({ code: 1 });
  });
});
