/** The commands as they are typed. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";

const SRC = join(import.meta.dirname, "../src");

function run(file: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(SRC, file), ...args], { encoding: "utf8" });
}

describe.each(["kill-main.ts", "race-main.ts"])("%s", (file) => {
  test("--help: exit code 0, and what it can do", () => {
    const { status, stdout, stderr } = run(file, "--help");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/--engine +memory, postgres, postgres-transactional, redis, sqlite/);
  });

  test.each([
    [
      ["--engine", "mysql"],
      /There is no engine "mysql"; there are memory, postgres, postgres-transactional, redis, sqlite\./,
    ],
    [["--nonsense"], /--nonsense/],
    [[file === "kill-main.ts" ? "--trials" : "--ids", "0"], /a whole number above 0, not "0"/],
  ])("%j: exit code 2, and what is wrong with it", (args, problem) => {
    const { status, stdout, stderr } = run(file, ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(problem);
  });
});

test("a race with fewer copies than processes delivers as many as it is told", () => {
  const { status, stdout } = run("race-main.ts", "--ids", "2", "--copies", "1", "--processes", "2");
  expect(stdout).toBe(
    "sqliteInbox: 2 ids in 1 copies at once, on 2 process(es)\n" +
      "  copies not answered 200:  0\n  ids that did not run once: 0\n",
  );
  expect(status).toBe(0);
}, 60_000);

test("a campaign that finds losses: exit code 1, and which they are", () => {
  const { status, stdout } = run("kill-main.ts", "--engine", "memory", "--trials", "6");
  expect(stdout).toMatch(/^memoryInbox: 6 kills/);
  expect(stdout).toMatch(/\n {2}lost +[1-9]/);
  expect(stdout).toMatch(/\n {4}lost: msg_/);
  expect(status).toBe(1);
}, 60_000);

test("a service does not outlive the campaign that started it, however that ends", async () => {
  const script = `
    import { memory } from "@diffio-webhooks/contract/inboxes/memory";
    const service = await (await memory.createStore()).start();
    console.log(service.process.pid);`;
  const campaign = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [pid] = (await once(campaign.stdout, "data")) as [Buffer];
  const service = Number(pid.toString());
  onTestFinished(() => void (isAlive(service) && process.kill(service, "SIGKILL")));
  expect(isAlive(service)).toBe(true);
  campaign.kill("SIGKILL");
  await expect.poll(() => isAlive(service), { timeout: 10_000 }).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
