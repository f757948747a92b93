import { existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DurableInbox, createReceiver } from "@diffio-webhooks/core";
import { postgresInbox } from "@diffio-webhooks/inbox-postgres";
import { redisInbox } from "@diffio-webhooks/inbox-redis";
import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
import { signed } from "@diffio-webhooks/test-support/deliveries";
import { startPostgres } from "@diffio-webhooks/test-support/postgres";
import { hasRedisServer, startRedis } from "@diffio-webhooks/test-support/redis";
import { SECRET } from "@diffio-webhooks/test-support/signing";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Finished, cli, projectWith, records } from "./support/cli.ts";

// Each command is a process of its own.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PACKAGES = join(import.meta.dirname, "../..");

/** A user's project that has the engines installed. */
let project: string;
beforeAll(() => {
  project = projectWith(["sqlite", "postgres", "redis"]);
});
afterAll(() => rmSync(project, { recursive: true }));

/** An engine, and where it keeps the inbox of a test. */
interface Engine {
  /** Makes an empty inbox; gives the flags that name it. */
  createStore(): Promise<readonly [flag: string, place: string]>;
  open(place: string): DurableInbox;
  stop(): Promise<void>;
}

const ENGINES: Record<string, () => Promise<Engine>> = {
  sqlite: async () => {
    let files = 0;
    return {
      createStore: async () => ["--sqlite", join(project, `inbox-${files++}.db`)],
      open: (path) => sqliteInbox({ path, maxRuns: 1 }),
      stop: async () => {},
    };
  },
  postgres: async () => {
    const server = await startPostgres();
    let databases = 0;
    return {
      createStore: async () => ["--postgres", await server.createDatabase(`cli_${databases++}`)],
      open: (connectionString) => postgresInbox({ connectionString, maxRuns: 1 }),
      stop: () => server.stop(),
    };
  },
  redis: async () => {
    const server = await startRedis();
    let prefixes = 0;
    return {
      createStore: async () => ["--redis", `${server.url}?keyPrefix=cli_${prefixes++}:`],
      open: (url) => redisInbox({ url, maxRuns: 1 }),
      stop: () => server.remove(),
    };
  },
};

/** A service whose callback fails as long as it is told to. */
function startService(inbox: DurableInbox) {
  const service = { failing: true, handled: [] as string[] };
  const receiver = createReceiver({
    signingSecret: SECRET,
    inbox,
    onError: () => {},
    onAny: (_event, { messageId }) => {
      if (service.failing) throw new Error("\u001B[31mboom\u001B[0m\nat once");
      service.handled.push(messageId);
    },
  });
  return { service, receiver };
}

describe.each(Object.keys(ENGINES).filter((name) => name !== "redis" || hasRedisServer))("in %s", (name) => {
  let engine: Engine;
  let flags: readonly [flag: string, place: string];
  beforeAll(async () => {
    engine = (await ENGINES[name]?.()) as Engine;
  });
  afterAll(() => engine.stop());
  beforeEach(async () => {
    flags = await engine.createStore();
  });

  const run = (...args: readonly string[]): Promise<Finished> =>
    cli(["dead-letters", ...args, ...flags], { cwd: project });

  /** Makes so many dead letters; gives their ids, newest first. */
  async function die(count: number): Promise<string[]> {
    const inbox = engine.open(flags[1]);
    const { receiver } = startService(inbox);
    for (let sent = 0; sent < count; sent++) {
      const reply = await receiver.receive({ method: "POST", ...signed() });
      expect(reply.status).toBe(200);
      await receiver.idle();
    }
    const ids = (await inbox.deadLetters.list()).map(({ id }) => id);
    await receiver.close();
    expect(ids).toHaveLength(count);
    return ids;
  }

  async function left(): Promise<string[]> {
    const inbox = engine.open(flags[1]);
    const ids = (await inbox.deadLetters.list()).map(({ id }) => id);
    await inbox.close();
    return ids;
  }

  test("list, for people and for scripts", async () => {
    const [first = "", second = ""] = await die(2);
    const { code, stdout, stderr } = await run("list");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(/ {2}generation\.completed {2}msg_\w+ {2}default {2}1 runs {2}20\S+Z$/);
    expect(lines[0]?.startsWith(`${first}  `)).toBe(true);
    // Without what would command a terminal.
    expect(lines[1]).toBe("  handler_failed: Error: boom at once");
    expect(lines[2]?.startsWith(`${second}  `)).toBe(true);
    expect(lines.slice(4)).toEqual(["2 dead letters; 0 pending, 0 running, 0 done.", ""]);
    expect(records(await run("list", "--json", "--limit", "1"))).toMatchObject([
      { id: first, reason: "handler_failed", runs: 1, body: signed().body },
    ]);
  });

  test("replay: a service that runs meanwhile runs it", async () => {
    const [, older = ""] = await die(2);
    const { service, receiver } = startService(engine.open(flags[1]));
    onTestFinished(() => receiver.close());
    service.failing = false;
    expect(await run("replay", older)).toEqual({ code: 0, stdout: `✓ ${older} replayed.\n`, stderr: "" });
    await expect.poll(() => service.handled, { timeout: 20_000 }).toHaveLength(1);
    expect(records(await run("replay", "--all", "--json"))).toEqual([{ replayed: 1 }]);
    await expect.poll(() => service.handled, { timeout: 20_000 }).toHaveLength(2);
    expect((await run("list")).stdout).toMatch(/^0 dead letters; 0 pending, 0 running, 2 done/);
  });

  test("discard, and one that is not there: the others all the same", async () => {
    const [newer = "", older = ""] = await die(2);
    const finished = await run("discard", "nowhere", older, "--json");
    expect(finished.code).toBe(1);
    expect(finished.stderr).toMatch(
      /No dead letter has the id "nowhere"\.\n.*diffio-webhooks dead-letters list/,
    );
    expect(records(finished)).toEqual([{ id: older, outcome: "discarded" }]);
    expect(await left()).toEqual([newer]);
  });

  test("more than a page", async () => {
    const inbox = engine.open(flags[1]);
    const accepted = Array.from({ length: 1050 }, (_, index) =>
      inbox.acceptInvalid(
        {
          receiver: "default",
          messageId: `msg_${index}`,
          timestamp: new Date(),
          rawBody: Uint8Array.of(0xff),
        },
        Object.assign(new Error("no event"), { code: "invalid_payload", status: 400 }) as never,
      ),
    );
    await Promise.all(accepted);
    await inbox.close();
    const { stdout } = await run("list", "--limit", "1040");
    expect(stdout.match(/ {2}no event {2}msg_/g)).toHaveLength(1040);
    expect(new Set(stdout.match(/msg_\d+/g)).size).toBe(1040);
    expect(stdout).toContain("\n1040 of 1050 dead letters;");
    expect(records(await run("list", "--limit", "1", "--json"))).toMatchObject([{ bodyBase64: "/w==" }]);
  });
});

describe("refuses", () => {
  const run = (...args: readonly string[]): Promise<Finished> =>
    cli(["dead-letters", ...args], { cwd: project });

  test.each<[name: string, args: string[], says: RegExp]>([
    ["no inbox", ["list"], /Which inbox\?\n.*--sqlite PATH/],
    ["two inboxes", ["list", "--sqlite", "inbox.db", "--redis", "redis://localhost"], /cannot be used with/],
    ["a file that is not there", ["list", "--sqlite", "nowhere.db"], /There is no file nowhere\.db/],
    ["nothing to replay", ["replay", "--redis", "redis://localhost"], /Which of them\?/],
    ["all, and one more", ["replay", "--all", "1", "--redis", "redis://localhost"], /Which of them\?/],
    ["nothing to discard", ["discard", "--redis", "redis://localhost"], /missing required argument/],
  ])("%s", async (_name, args, says) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(says);
    expect(existsSync(join(project, "nowhere.db"))).toBe(false);
  });

  test("an engine that the project does not have", async () => {
    const { code, stderr } = await cli(["dead-letters", "list", "--redis", "redis://localhost"], {
      cwd: tmpdir(),
    });
    expect(code).toBe(2);
    expect(stderr).toContain("npm install @diffio-webhooks/inbox-redis");
  });

  test.each([
    ["--postgres", "postgres://localhost:1/app", /^✗ PostgreSQL .*REFUSED/m, "start PostgreSQL"],
    [
      "--redis",
      "redis://localhost:1",
      /^✗ Redis at localhost:1 .* cannot be reached$/m,
      "Check that Redis runs",
    ],
  ])("a server that is not there: %s, with the mend and no stack", async (flag, url, problem, mend) => {
    const { code, stdout, stderr } = await run("list", flag, url);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(problem);
    expect(stderr).toContain(mend);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test("a file that is no inbox", async () => {
    const { code, stdout, stderr } = await run("list", "--sqlite", join(PACKAGES, "cli/package.json"));
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(/^✗ /);
  });
});
