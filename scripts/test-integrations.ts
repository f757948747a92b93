/**
 * Tries the packages, packed as they would be published, on frameworks that are too heavy for this workspace:
 * `integrations/` has a workspace and a lockfile of its own.
 *
 *     node scripts/test-integrations.ts
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { sampleEvent, signMessage } from "@diffio-webhooks/core/testing";

const root = join(import.meta.dirname, "..");
const integrations = join(root, "integrations");
const signingSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const { DIFFIO_WEBHOOK_SECRET: _secret, ...env } = {
  ...process.env,
  NEXT_TELEMETRY_DISABLED: "1",
  CI: "true",
};
const folder = mkdtempSync(join(tmpdir(), "diffio-integrations-"));

try {
  step("installing the frameworks");
  run("pnpm", ["install", "--frozen-lockfile"], integrations);
  step("packing");
  for (const manifest of globSync("packages/*/package.json", { cwd: root }))
    putInPlace(join(root, manifest, ".."));
  for (const config of globSync("types/tsconfig.*.json", { cwd: integrations })) {
    step(`types: ${config}`);
    run("node_modules/.bin/tsc", ["-p", config], integrations);
  }
  for (const node of ["node20", "node22", "node24"]) {
    step(`Jest on ${node}`);
    run(
      join(integrations, "node_modules", node, "bin/node"),
      ["--experimental-vm-modules", "../node_modules/jest/bin/jest.js", "--no-watchman"],
      join(integrations, "jest"),
    );
  }
  await tryNext();
  console.log("✓ The packages work on every framework of integrations/.");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A build without the secret, which makes no file; then the app with it. */
async function tryNext(): Promise<void> {
  const app = join(integrations, "next");
  const next = join(integrations, "node_modules/next/dist/bin/next");
  const inbox = join(folder, "inbox.db");
  step("next build, without the secret");
  rmSync(join(app, ".next"), { recursive: true, force: true });
  run(process.execPath, [next, "build"], app, { INBOX_PATH: inbox });
  if (existsSync(inbox)) throw new Error("The build made the inbox's file.");
  step("next start");
  const port = await freePort();
  const server = spawn(process.execPath, [next, "start", "-p", String(port), "-H", "127.0.0.1"], {
    cwd: app,
    env: { ...env, DIFFIO_WEBHOOK_SECRET: signingSecret, INBOX_PATH: inbox },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const said = async (text: string): Promise<void> => {
    for (let attempt = 0; !output.includes(text); attempt++) {
      if (attempt > 300) throw new Error(`Next never said "${text}":\n${output}`);
      await pause(100);
    }
  };
  try {
    await said("Ready");
    for (const [path, word] of [
      ["diffio", "completed"],
      ["durable", "kept"],
    ] as const) {
      const url = `http://127.0.0.1:${port}/webhooks/${path}`;
      const generationId = `gen_${path}`;
      const signed = (secret: string) =>
        signMessage({ signingSecret: secret, body: sampleEvent("generation.completed", { generationId }) });
      const { headers, text } = signed(signingSecret);
      for (let copy = 0; copy < 2; copy++)
        await expectStatus(200, fetch(url, { method: "POST", headers, body: text }));
      await said(`${word} ${generationId}`);
      const forged = signed("whsec_Zm9yZ2VkLXNlY3JldC1vZi0yNC1ieXRl");
      await expectStatus(400, fetch(url, { method: "POST", headers: forged.headers, body: forged.text }));
      if (output.split(`${word} ${generationId}`).length !== 2) throw new Error("A copy ran again.");
    }
    if (!existsSync(inbox)) throw new Error("The durable route made no file.");
  } finally {
    await stopped(server);
  }
}

async function expectStatus(status: number, response: Promise<Response>): Promise<void> {
  const { status: found, url } = await response;
  if (found !== status) throw new Error(`${url} answered ${found}, not ${status}.`);
}

async function stopped(server: ChildProcess): Promise<void> {
  server.kill("SIGTERM");
  for (let attempt = 0; attempt < 50 && server.exitCode === null && server.signalCode === null; attempt++) {
    await pause(100);
  }
  server.kill("SIGKILL");
}

/** Packs a package and unpacks it where the apps find it: no lockfile could hold a tarball that changes. */
function putInPlace(directory: string): void {
  const {
    name,
    version,
    private: isPrivate,
  } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    name: string;
    version: string;
    private?: boolean;
  };
  if (isPrivate) return;
  run("pnpm", ["pack", "--pack-destination", folder], directory);
  const target = join(integrations, "node_modules", name);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const tarball = join(folder, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
  run("tar", ["-xzf", tarball, "-C", target, "--strip-components", "1"], root);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function step(what: string): void {
  console.log(`  ${what}`);
}

function run(command: string, args: readonly string[], cwd: string, more: Record<string, string> = {}): void {
  try {
    execFileSync(command, args, {
      cwd,
      env: { ...env, ...more },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}
