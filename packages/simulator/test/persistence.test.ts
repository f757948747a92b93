import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSimulatorClient } from "../src/client.ts";
import { recordingReceiver } from "./support/receivers.ts";
import { sendOne, start } from "./support/simulators.ts";

function dataFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "simulator-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "data.ndjson");
}

/** Starts a simulator in a process of its own. */
async function startProcess(
  data: string,
): Promise<{ child: ChildProcess; client: ReturnType<typeof createSimulatorClient> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "support/restartable.ts"), data], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, client: createSimulatorClient({ url, reveal: true }) };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** A process that has ended and that its parent never asks after. */
async function zombie(): Promise<number> {
  // The shell becomes a program that knows of no children.
  const parent = spawn("sh", ["-c", "sh -c 'exit 0' & echo $!; exec sleep 60"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [pid] = (await once(createInterface(parent.stdout), "line")) as [string];
  await expect.poll(() => readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/^State:\s+Z/m);
  return Number(pid);
}

describe("a data file", () => {
  test("keeps everything over a kill -9, and the schedule goes on", async () => {
    const data = dataFile();
    const receiver = await recordingReceiver(500);
    const first = await startProcess(data);
    const endpoint = await first.client.endpoints.create({ url: receiver.url, headers: { "x-a": "1" } });
    await first.client.endpoints.rotateSecret(endpoint.id);
    const agent = await first.client.apiKeys.create({ name: "agent", kind: "agent" });
    const testUrl = await first.client.testUrls.create();
    await fetch(testUrl.url, { method: "POST", body: "hello" });
    const { svixMessageId } = await first.client.sendTestEvent({ eventType: "generation.completed" });
    await first.client.clock.advance(305);
    const before = {
      info: await first.client.info(),
      endpoints: await first.client.endpoints.list(),
      apiKeys: await first.client.apiKeys.list(),
      messages: await first.client.messages.list(),
      deliveries: await first.client.testUrls.deliveries(testUrl.id),
    };
    expect(before.messages[0]?.attempts).toHaveLength(3);
    expect(before.apiKeys.map(({ id }) => id)).toContain(agent.id);
    await kill(first.child);

    const second = await startProcess(data);
    expect({
      info: { ...(await second.client.info()), url: before.info.url },
      endpoints: await second.client.endpoints.list(),
      apiKeys: await second.client.apiKeys.list(),
      messages: await second.client.messages.list(),
      deliveries: await second.client.testUrls.deliveries(testUrl.id),
    }).toEqual(before);

    await second.client.clock.advance(1799.999);
    expect(receiver.arrived).toHaveLength(3);
    await second.client.clock.advance(200_000);
    const { attempts } = await second.client.messages.get(svixMessageId);
    const startedAt = Number(attempts[0]?.at);
    expect(attempts.map(({ at }) => (at.getTime() - startedAt) / 1000)).toEqual([
      0, 5, 305, 2105, 9305, 27_305, 63_305, 99_305,
    ]);
    expect(new Set(receiver.arrived.map(({ headers }) => headers["svix-id"]))).toEqual(
      new Set([svixMessageId]),
    );
  });

  test("makes an attempt again that was on its way when it was killed", async () => {
    const data = dataFile();
    const receiver = await recordingReceiver(() => {});
    const { child, client } = await startProcess(data);
    await client.endpoints.create({ url: receiver.url });
    const { svixMessageId } = await client.sendTestEvent({ eventType: "generation.completed" });
    await expect.poll(() => receiver.arrived.length).toBe(1);
    await kill(child);

    receiver.answer(200);
    const simulator = await start({ data });
    await simulator.idle();
    expect(receiver.arrived).toHaveLength(2);
    expect((await simulator.messages.get(svixMessageId)).attempts).toMatchObject([{ succeeded: true }]);
  });

  test("keeps the deliveries that a close cut short for the next start", async () => {
    const data = dataFile();
    const receiver = await recordingReceiver(() => {});
    // So long that the close does not wait for it.
    const simulator = await start({ data, timeoutInSeconds: 600 });
    await simulator.endpoints.create({ url: receiver.url });
    await simulator.sendTestEvent({ eventType: "generation.completed" });
    await expect.poll(() => receiver.arrived.length).toBe(1);
    await simulator.close();
    receiver.answer(200);
    const next = await start({ data });
    await next.idle();
    expect((await next.messages.list())[0]?.attempts).toMatchObject([{ succeeded: true }]);
  });

  test("forgets what was removed, also in the file, and sets the clock on from where it stood", async () => {
    const data = dataFile();
    const simulator = await start({ data });
    const { id } = await simulator.endpoints.create({ url: "http://localhost:9/?gone" });
    await simulator.endpoints.remove(id);
    await simulator.clock.advance(1000);
    const now = simulator.clock.now();
    await simulator.close();
    const next = await start({ data });
    expect([await next.endpoints.list(), next.clock.now(), next.apiKey]).toEqual([[], now, simulator.apiKey]);
    expect(readFileSync(data, "utf8")).not.toContain("gone");
    await next.close();
    // A real clock that was advanced does not go back either.
    const real = await start({ data, clock: "real" });
    expect(real.clock.now().getTime()).toBeGreaterThanOrEqual(now.getTime());
  });

  test("passes over a line that the process died over", async () => {
    const data = dataFile();
    const simulator = await start({ data });
    await simulator.endpoints.create({ url: "http://localhost:9/" });
    await simulator.close();
    const whole = readFileSync(data, "utf8");
    writeFileSync(data, `${whole}{"at":17,"action":"sav`);
    const next = await start({ data });
    expect(await next.endpoints.list()).toHaveLength(1);
    await next.endpoints.create({ url: "http://localhost:9/" });
    await next.close();
    expect(await (await start({ data })).endpoints.list()).toHaveLength(2);
  });

  test("is for this user's eyes only", async () => {
    const data = dataFile();
    const simulator = await start({ data });
    await sendOne(simulator);
    expect(statSync(data).mode & 0o077).toBe(0);
    await simulator.close();
    expect(existsSync(`${data}.lock`)).toBe(false);
  });

  test("that another simulator uses is refused, and so is one that is none, which stays as it is", async () => {
    const data = dataFile();
    const simulator = await start({ data });
    const refused = { code: "invalid_data_file", hint: expect.stringMatching(/\w/) };
    await expect(start({ data })).rejects.toMatchObject(refused);
    await simulator.close();

    for (const text of ["# My notes\n", '{"name":"package"}', "\n"]) {
      writeFileSync(data, text);
      await expect(start({ data })).rejects.toMatchObject(refused);
      expect(readFileSync(data, "utf8")).toBe(text);
      expect(existsSync(`${data}.lock`)).toBe(false);
    }
    await expect(start({ data: join(data, "below/a/file") })).rejects.toMatchObject(refused);
    await expect(start({ data: tmpdir() })).rejects.toMatchObject(refused);
    await expect(start({ data: "" })).rejects.toMatchObject({ code: "invalid_option" });
  });

  test("that a dead simulator has locked is taken over, whoever has its process id by now", async () => {
    const data = dataFile();
    // One that ended; one that had this process's id; one that nobody has asked after since it was killed.
    const ended = spawn(process.execPath, ["-e", ""]);
    await once(ended, "exit");
    const pids = [ended.pid, process.pid];
    if (process.platform === "linux") pids.push(await zombie());
    for (const pid of pids) {
      writeFileSync(`${data}.lock`, String(pid));
      const simulator = await start({ data });
      await simulator.close();
    }
    writeFileSync(`${data}.lock`, String(process.ppid));
    await expect(start({ data })).rejects.toMatchObject({ code: "invalid_data_file" });
  });

  test("that is damaged in the middle is refused with the line, and left as it is", async () => {
    const data = dataFile();
    const simulator = await start({ data });
    await simulator.endpoints.create({ url: "http://localhost:9/" });
    await simulator.close();
    const [header, ...lines] = readFileSync(data, "utf8").split("\n");
    const damaged = [header, "{oops", ...lines].join("\n");
    writeFileSync(data, damaged);
    const refused = expect.objectContaining({ message: expect.stringContaining("Line 2") });
    await expect(start({ data })).rejects.toEqual(refused);
    expect(readFileSync(data, "utf8")).toBe(damaged);
  });

  test("may be empty", async () => {
    const data = dataFile();
    writeFileSync(data, "");
    expect(await (await start({ data })).endpoints.list()).toEqual([]);
  });
});
