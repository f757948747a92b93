import { SECRET } from "@diffio-webhooks/test-support/signing";
import type { Message, TestEventOptions } from "@diffio-webhooks/simulator";
import { type SimulatorClient, createSimulatorClient } from "@diffio-webhooks/simulator/client";
import { Webhook } from "svix";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Finished, cli, records } from "./support/cli.ts";
import { type RunningDev, startDev } from "./support/dev.ts";
import { receiving, serve } from "./support/servers.ts";

// Each command is a process of its own, and some tests have a dozen.
vi.setConfig({ testTimeout: 120_000 });

let dev: RunningDev;
/** For what is not tested here. */
let client: SimulatorClient;
beforeAll(async () => {
  dev = await startDev();
  client = createSimulatorClient({ url: dev.started.url, reveal: true });
});
afterAll(() => dev.stop());

/** A command to the simulator of this file. */
function run(...args: readonly string[]): Promise<Finished> {
  return cli(args, { env: { DIFFIO_SIMULATOR_URL: dev.started.url } });
}

async function runJson(...args: readonly string[]): Promise<Record<string, unknown>[]> {
  const finished = await run(...args, "--json");
  expect(finished.stderr).toBe("");
  return records(finished);
}

/** An endpoint that answers what the test says, for as long as the test runs; and what it was sent. */
async function endpoint(
  status = () => 200,
): Promise<{ id: string; url: string; secret: string; requests: Record<string, unknown>[] }> {
  const requests: Record<string, unknown>[] = [];
  const port = await serve((req, res) => {
    requests.push(req.headers);
    req.resume().on("end", () => res.writeHead(status()).end());
  });
  const url = `http://127.0.0.1:${port}/hooks`;
  const { id, signingSecret } = await client.endpoints.create({ url });
  return { id, url, secret: signingSecret, requests };
}

/** Sends an event and waits for its first attempts. */
async function send(event: Partial<TestEventOptions> = {}): Promise<Message> {
  const { svixMessageId } = await client.sendTestEvent({ eventType: "generation.completed", ...event });
  await client.idle();
  return client.messages.get(svixMessageId);
}

beforeEach(async () => {
  for (const { id } of await client.endpoints.list()) await client.endpoints.remove(id);
});

describe("trigger", () => {
  test("sends an event with the fields that are set, and tells what was answered", async () => {
    const { requests } = await endpoint();
    const { code, stdout, stderr } = await run(
      "trigger",
      "generation.completed",
      "--set",
      "apiProjectId=proj_9",
      "--set",
      "hasVideo=true",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^✓ generation\.completed {2}msg_\w+ {2}→ http:\S+ {2}200 in \d+ ms\n$/);
    expect(requests).toHaveLength(1);
    const [message] = await client.messages.list({ limit: 1 });
    expect(message).toMatchObject({
      payload: { apiProjectId: "proj_9", hasVideo: true },
      attempts: [{ statusCode: 200 }],
    });
  });

  test("a failed delivery: 1, and what to do about it", async () => {
    await endpoint(() => 404);
    const { code, stdout } = await run("trigger", "generation.failed");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ generation\.failed .* 404 in .*\n {2}→ The server has no such route/);
  });

  test.each([
    ["success", "generation.completed"],
    ["failure", "generation.failed"],
  ])("--flow %s: in order, about one generation", async (flow, last) => {
    await endpoint();
    const messages = await runJson("trigger", "--flow", flow);
    const payloads = messages.map(({ payload }) => payload as { eventType: string; generationId: string });
    expect(payloads.map(({ eventType }) => eventType)).toEqual([
      "generation.queued",
      "generation.processing",
      last,
    ]);
    expect(new Set(payloads.map(({ generationId }) => generationId)).size).toBe(1);
  });

  test("--count: all of them, summed up", async () => {
    let requests = 0;
    await endpoint(() => (++requests === 7 ? 500 : 200));
    const { code, stdout, stderr } = await run("trigger", "generation.queued", "--count", "25");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toMatch(
      /^25 sent: 24 taken, 1 failed\.\nThe first that failed:\n✗ generation\.queued .* 500 in /,
    );
    expect(requests).toBe(25);
    expect(await runJson("trigger", "--flow", "success", "--count", "2")).toHaveLength(6);
  });

  test("--fault: the receiver refuses it, and says why", async () => {
    const { listener, events } = receiving();
    const url = `http://127.0.0.1:${await serve(listener)}/hooks`;
    await run("endpoints", "create", url, "--secret", SECRET);
    const faulty = await run("trigger", "generation.completed", "--fault", "bad-signature");
    expect(faulty.code).toBe(1);
    expect(faulty.stdout).toMatch(/400 in .*\n {2}→ Rightly refused: it had the fault `bad-signature`/);
    expect(events).toEqual([]);
  });

  test("nobody wants it, or it is held back: told", async () => {
    const nobody = await run("trigger", "generation.completed");
    expect(nobody).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /No endpoint wants it: .* endpoints create URL,\n.*disabled.* endpoints list\./,
      ),
    });
    await endpoint();
    const held = await run("trigger", "generation.completed", "--fault", "reordered");
    expect(held).toMatchObject({ code: 0, stdout: expect.stringContaining("Not sent yet") });
  });

  test("a type of the future is sent; a misspelling is not", async () => {
    const { requests } = await endpoint();
    expect((await run("trigger", "generation.archived")).code).toBe(0);
    const before = requests.length;
    for (const type of ["generation.complete", "completed", "generaton.completed"]) {
      const { code, stderr } = await run("trigger", type);
      expect(code).toBe(2);
      expect(stderr).toContain("Did you mean generation.completed?");
    }
    expect((await run("trigger", "archived")).stderr).toContain("generation.queued, generation.processing");
    expect(requests).toHaveLength(before);
  });

  test.each([
    [[]],
    [["generation.completed", "--flow", "success"]],
    [["generation.completed", "--count", "0"]],
    [["generation.completed", "--fault", "rain"]],
  ])("usage: %j", async (args) => {
    const { code, stdout } = await run("trigger", ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

describe("endpoints", () => {
  test("create with everything, show, and what arrives", async () => {
    const { id: plain, url, requests } = await endpoint();
    await client.endpoints.remove(plain);
    const filter = ["--event-type", "generation.failed", "generation.completed", "--mode", "live"];
    const headers = ["-H", "x-team: audio", "-H", "authorization: Basic 1"];
    const [created] = await runJson("endpoints", "create", url, ...filter, ...headers, "--secret", SECRET);
    expect(created).toMatchObject({ signingSecret: SECRET });
    const id = String(created?.["id"]);
    const [masked] = await runJson("endpoints", "show", id);
    expect(masked).toMatchObject({
      eventTypes: ["generation.failed", "generation.completed"],
      modes: ["live"],
    });
    expect(JSON.stringify(masked)).not.toContain(SECRET);
    expect(await runJson("endpoints", "show", id, "--reveal")).toMatchObject([
      { signingSecret: SECRET, headers: { "x-team": "audio", authorization: "Basic 1" } },
    ]);
    const { stdout } = await run("endpoints", "show", id);
    expect(stdout).toMatch(
      /state +enabled\n {2}events +generation\.failed, generation\.completed\n {2}modes +live/,
    );

    await send();
    await send({ eventType: "generation.queued", mode: "live" });
    expect(requests).toEqual([]);
    await run("trigger", "generation.failed", "--mode", "live");
    expect(requests).toMatchObject([{ "x-team": "audio", authorization: "Basic 1" }]);
  });

  test("update changes what is named", async () => {
    const { id } = await endpoint();
    await client.endpoints.update(id, { modes: ["live"] });
    const [updated] = await runJson("endpoints", "update", id, "--event-type", "generation.queued");
    expect(updated).toMatchObject({ eventTypes: ["generation.queued"], modes: ["live"] });
    expect(await runJson("endpoints", "update", id, "--url", "http://127.0.0.1:1/x")).toMatchObject([
      { url: "http://127.0.0.1:1/x", eventTypes: ["generation.queued"] },
    ]);
    expect(await runJson("endpoints", "update", id, "--event-type", "all")).toMatchObject([
      { url: "http://127.0.0.1:1/x", eventTypes: [] },
    ]);
    expect(await run("endpoints", "update", id)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("--event-type"),
    });
  });

  test("disable, enable, remove", async () => {
    const { id, requests } = await endpoint();
    expect((await run("endpoints", "disable", id)).stdout).toBe(`✓ ${id} is disabled.\n`);
    expect((await run("endpoints", "list")).stdout).toMatch(new RegExp(`^${id} {2}disabled {2}`));
    await send();
    expect((await run("endpoints", "enable", id)).stdout).toBe(`✓ ${id} is enabled.\n`);
    expect(requests).toEqual([]);
    expect((await run("endpoints", "remove", id)).code).toBe(0);
    expect((await run("endpoints", "list")).stdout).toMatch(/^None yet/);
    expect(await run("endpoints", "show", id)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/There is no endpoint .*\n {2}diffio-webhooks endpoints list names/),
    });
  });

  test("rotate-secret: the new one signs, and the old one for as long as is said", async () => {
    const { id, secret, requests } = await endpoint();
    const [rotation] = await runJson("endpoints", "rotate-secret", id, "--grace", "1h");
    const newSecret = String(rotation?.["signingSecret"]);
    const { body } = await send();
    const headers = requests[0] as Record<string, string>;
    for (const one of [newSecret, secret]) expect(() => new Webhook(one).verify(body, headers)).not.toThrow();
    await client.clock.advance(7200);
    const later = await send();
    const lateHeaders = requests[1] as Record<string, string>;
    expect(() => new Webhook(newSecret).verify(later.body, lateHeaders)).not.toThrow();
    expect(() => new Webhook(secret).verify(later.body, lateHeaders)).toThrow("No matching signature");
  });

  test.each([
    [["create", "localhost:3000/hooks"]],
    [["create", "http://localhost", "--event-type", "generation.complete"]],
    [["create", "http://localhost", "-H", "svix-id: 1"]],
    [["create", "http://localhost", "--secret", "short"]],
    [["rotate-secret", "ep_1", "--grace", "soon"]],
  ])("usage: %j", async (args) => {
    const { code, stdout } = await run("endpoints", ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

describe("messages, resend, recover and clock", () => {
  test("a message that fails, its retries on the advanced clock, and a resend", async () => {
    let status = 500;
    const { id: endpointId } = await endpoint(() => status);
    const { id } = await send();
    const { stdout } = await run("messages", "show", id);
    expect(stdout).toMatch(new RegExp(`^${id} {2}generation\\.completed {2}pending\n`));
    expect(stdout).toMatch(/✗ \S+ {2}http:\S+ {2}500 in \d+ ms\n {2}→ The server failed/);
    expect(stdout).toMatch(new RegExp(`… next attempt to ${endpointId} at `));
    expect((await run("messages", "list", "--state", "pending")).stdout).toContain(id);
    expect((await run("messages", "list", "--endpoint", "ep_1")).stdout).toBe("None that is so.\n");
    expect((await run("endpoints", "list")).stdout).toMatch(new RegExp(`^${endpointId} {2}failing {2}`));

    await run("clock", "advance", "40h");
    expect((await client.messages.get(id)).attempts).toHaveLength(8);
    expect((await run("messages", "list", "--state", "failed", "--endpoint", endpointId)).stdout).toContain(
      `${id}  failed`,
    );

    expect(await run("resend", id)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^✗ msg_\w+ .* 500 in/),
    });
    status = 200;
    const other = await endpoint();
    expect(await run("resend", id, "--endpoint", endpointId)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^✓ .* 200 in .*\n$/),
    });
    expect(other.requests).toEqual([]);
    expect((await run("messages", "show", id)).stdout).toContain("by hand");
  });

  test("recover, and recover --missing", async () => {
    let status = 500;
    const { id } = await endpoint(() => status);
    await Promise.all([send(), send(), send()]);
    // Past the first retry, so that none comes in between.
    await client.clock.advance(60);
    expect(await run("recover", id, "--since", "1h")).toMatchObject({
      code: 1,
      stdout: "✗ 3 sent again: 0 taken, 3 failed.\n",
      stderr: "",
    });
    status = 200;
    const since = new Date(Date.now() - 60_000).toISOString();
    expect(await runJson("recover", id, "--since", since)).toEqual([{ total: 3, succeeded: 3, failed: 0 }]);
    expect((await run("recover", id, "--since", "1h")).stdout).toBe("✓ 0 sent again: 0 taken, 0 failed.\n");

    await client.endpoints.disable(id);
    await send();
    expect(await run("recover", id, "--since", "1h", "--missing")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("disabled"),
    });
    await client.endpoints.enable(id);
    expect(await runJson("recover", id, "--since", "1m", "--missing")).toMatchObject([
      { total: 1, succeeded: 1 },
    ]);
  });

  test("the clock", async () => {
    const now = async (): Promise<number> => Date.parse((await run("clock", "show")).stdout.trim());
    const before = await now();
    expect((await run("clock", "advance", "1h30m")).stdout).toMatch(/^✓ It is .*Z\.\n$/);
    expect((await now()) - before).toBeGreaterThanOrEqual(5_400_000);
  });

  test.each([
    [["clock", "advance", "soon"]],
    [["clock", "advance", "-5"]],
    [["recover", "ep_1"]],
    [["recover", "ep_1", "--since", "15d"]],
    [["recover", "ep_1", "--since", "yesterday"]],
    [["resend", "msg_1"]],
    [["messages", "show", "msg_1"]],
    [["messages", "list", "--state", "lost"]],
  ])("usage: %j", async (args) => {
    const { code, stdout } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

describe("test-urls", () => {
  test("create with an endpoint, list, show what arrived, remove", async () => {
    const [created] = await runJson("test-urls", "create", "--endpoint");
    const id = String(created?.["id"]);
    expect((await run("test-urls", "show", id)).stdout).toBe("Nothing has arrived.\n");
    expect((await run("test-urls", "list")).stdout).toContain(`${id}  ${String(created?.["url"])}`);
    await send();
    await send({ eventType: "generation.failed", fault: "tampered-body" });

    const arrived = await run("test-urls", "show", id);
    expect(arrived.stdout).toMatch(
      /^✗ does not verify .*\n {2}.*\(\w+\)\n {2}→ .*\nPOST\n(.*\n)*svix-id: msg_/,
    );
    expect(arrived.stdout).toMatch(/\n✓ authentic .*\nPOST\n/);
    const [latest] = await runJson("test-urls", "show", id, "--limit", "1");
    expect(latest).toMatchObject({ verified: false });
    expect(JSON.parse(Buffer.from(String(latest?.["bodyBase64"]), "base64").toString())).toMatchObject({
      eventType: "generation.failed",
    });

    expect((await run("test-urls", "remove", id)).code).toBe(0);
    expect(await run("test-urls", "show", id)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("diffio-webhooks test-urls list"),
    });
  });
});

test("no simulator: 3, and how to start one", async () => {
  for (const args of [
    ["trigger", "generation.completed"],
    ["endpoints", "list"],
    ["clock", "show"],
  ]) {
    const { code, stdout, stderr } = await cli([...args, "--simulator", "http://127.0.0.1:1"]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("diffio-webhooks dev");
  }
  expect((await cli(["clock", "show", "--simulator", "here"])).code).toBe(2);
});
