import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SECRET } from "@diffio-webhooks/test-support/signing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { cli, records } from "./support/cli.ts";
import { type RunningDev, startDev } from "./support/dev.ts";
import { receiving, serve } from "./support/servers.ts";

// Each command is a process of its own.
vi.setConfig({ testTimeout: 120_000 });

async function dev(...given: Parameters<typeof startDev>): Promise<RunningDev> {
  const running = await startDev(...given);
  onTestFinished(async () => void (await running.stop()));
  return running;
}

const trigger = (url: string, ...args: string[]): ReturnType<typeof cli> =>
  cli(["trigger", "generation.completed", "--simulator", url, ...args]);

describe("dev", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("starts, and ends with 0 on %s", async (signal) => {
    const running = await dev();
    const { url, apiKey } = running.started;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(apiKey).toMatch(/^diffio_sim_/);
    // A client whose connection stays open does not keep it.
    const events = await fetch(`${url}/api/events`);
    expect(events.status).toBe(200);
    expect(await running.stop(signal)).toBe(0);
    expect(running.stderr()).toBe("");
    await events.body?.cancel().catch(() => {});
  });

  test("--forward: an app with the secret that is shown takes its deliveries", async () => {
    const apps: { current?: ReturnType<typeof receiving> } = {};
    const port = await serve((req, res) => apps.current?.listener(req, res));
    const { started, attempts } = await dev(["--forward", `http://127.0.0.1:${port}/hooks`]);
    const app = receiving(started.signingSecret);
    apps.current = app;

    expect((await trigger(started.url)).code).toBe(0);
    expect(app.events).toEqual(["generation.completed"]);
    await expect.poll(() => attempts).toMatchObject([{ endpointId: started.endpointId, statusCode: 200 }]);
  });

  test("--forward: with the secret of the environment, and of --secret before it", async () => {
    const { listener, events } = receiving();
    const forward = ["--forward", `http://127.0.0.1:${await serve(listener)}/hooks`];
    const fromEnv = await dev(forward, { DIFFIO_WEBHOOK_SECRET: SECRET });
    await trigger(fromEnv.started.url);
    const given = await dev([...forward, "--secret", SECRET], { DIFFIO_WEBHOOK_SECRET: "whsec_" });
    await trigger(given.started.url);
    expect(events).toEqual(["generation.completed", "generation.completed"]);
  });

  test("--data: endpoint, secret and messages are there after a restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "diffio-cli-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { listener, events } = receiving();
    const url = `http://127.0.0.1:${await serve(listener)}/hooks`;
    const args = ["--data", join(folder, "simulator.data"), "--forward", url];

    const first = await dev(args);
    await trigger(first.started.url);
    expect(await first.stop()).toBe(0);
    expect(existsSync(join(folder, "simulator.data"))).toBe(true);
    const second = await dev(args);
    expect(second.started).toMatchObject({
      apiKey: first.started.apiKey,
      endpointId: first.started.endpointId,
      signingSecret: first.started.signingSecret,
    });
    expect(
      records(await cli(["messages", "list", "--json", "--simulator", second.started.url])),
    ).toHaveLength(1);
    await second.stop();
    const third = await dev([...args, "--secret", SECRET]);
    expect(third.started).toMatchObject({ endpointId: first.started.endpointId, signingSecret: SECRET });
    // The first message was refused, for its secret; its retries may be taken by now, too.
    await trigger(third.started.url);
    expect(events).toContain("generation.completed");
  });

  test("--speed: retries come sooner", async () => {
    let requests = 0;
    const port = await serve((req, res) => {
      requests += 1;
      req.resume().on("end", () => res.writeHead(requests < 3 ? 500 : 200).end());
    });
    const { started, attempts } = await dev([
      "--speed",
      "600",
      "--forward",
      `http://127.0.0.1:${port}/hooks`,
    ]);
    expect((await trigger(started.url)).code).toBe(1);
    // 5 s and 5 min later.
    await expect
      .poll(() => attempts.map(({ statusCode }) => statusCode), { timeout: 10_000 })
      .toEqual([500, 500, 200]);
  });

  test("told to listen elsewhere, it says loudly what that means", async () => {
    const running = await dev(["--host", "0.0.0.0"]);
    expect(running.stderr()).toMatch(/listens at 0\.0\.0\.0.*can read payloads and secrets/);
  });

  test("takes what Diffio's own clients send", async () => {
    const { started } = await dev();
    const env = { DIFFIO_API_BASE_URL: started.url, DIFFIO_API_KEY: started.apiKey };
    const sent = await cli(
      ["send-test-event", "generation.failed", "--set", "apiProjectId=proj_9", "--json"],
      { env },
    );
    expect(records(sent)).toMatchObject([{ eventType: "generation.failed", mode: "test" }]);
    const shown = await cli(["messages", "list", "--json"], { env: { DIFFIO_SIMULATOR_URL: started.url } });
    expect(records(shown)).toMatchObject([{ payload: { apiProjectId: "proj_9" } }]);
    const refused = await cli(["send-test-event", "generation.failed"], {
      env: { ...env, DIFFIO_API_KEY: "other" },
    });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/Diffio answered 401: .*\n.*DIFFIO_API_KEY/);
  });
});

describe("dev refuses", () => {
  test("a port that is taken", async () => {
    const port = await serve(() => {});
    const { code, stdout, stderr } = await cli(["dev", "--port", String(port)]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/EADDRINUSE.*\n.*another port: --port 0/);
  });

  test.each<[args: string[], says: RegExp]>([
    [["--port", "70000"], /0 to 65535/],
    [["--speed", "0"], /above 0/],
    [["--forward", "localhost:3000"], /cannot be sent to localhost:/],
    [["--forward", "http://localhost/", "--secret", "short"], /secret/],
    [["--data", "/nowhere/at/all"], /nowhere/],
  ])("%j", async (args, says) => {
    const { code, stdout, stderr } = await cli(["dev", "--port", "0", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});
