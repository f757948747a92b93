/** Runs the README's code as it stands there; only the port is another. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningWorker, bundleForWorkerd, startWorkerd } from "@diffio-webhooks/test-support/workerd";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { payload, signedRequest } from "../src/deliveries.ts";
import { send } from "../src/http.ts";
import { SECRETS } from "../src/servers/fixture.ts";

const here = import.meta.dirname;
const readme = readFileSync(join(here, "../../../README.md"), "utf8");
const env = { ...process.env, DIFFIO_WEBHOOK_SECRET: SECRETS.current };

/** The first block of TypeScript under a heading. */
function codeUnder(heading: string): string {
  const section = readme.slice(readme.indexOf(`\n${heading}\n`));
  const code = /```ts\n([\s\S]*?)```/.exec(section)?.[1];
  if (code === undefined || !readme.includes(`\n${heading}\n`))
    throw new Error(`The README has no code under "${heading}".`);
  return code;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function waitFor<Value>(
  what: string,
  look: () => Value | undefined | Promise<Value | undefined>,
): Promise<Value> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(25);
  }
  throw new Error(`Waited in vain for ${what}.`);
}

let folder: string;
let child: ChildProcess | undefined;
let worker: RunningWorker | undefined;

beforeEach(() => {
  // Inside this package, so that its dependencies are found.
  folder = mkdtempSync(join(here, "../.readme-"));
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await worker?.close();
  rmSync(folder, { recursive: true });
});

function runCode(code: string, more: Record<string, string> = {}): { output(): string } {
  const file = join(folder, "quick-start.ts");
  writeFileSync(file, code);
  child = spawn(process.execPath, [file], {
    cwd: folder,
    env: { ...env, ...more },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (output += String(text)));
  return { output: () => output };
}

async function deliverAndSee(url: string, output: () => string): Promise<void> {
  const request = signedRequest(payload());
  const reply = await waitFor("the server", () => send(url, request).catch(() => undefined));
  expect(reply).toMatchObject({ status: 200, text: '{"received":true}' });
  await waitFor("the callback's line", () => (output().includes("gen_123 is ready") ? true : undefined));
  expect((await send(url, signedRequest(payload(), { secrets: [SECRETS.foreign] }))).status).toBe(400);
}

describe("README", () => {
  const servers = [
    "### Express",
    "### Fastify",
    "### Hono on Node",
    "### Any other server",
    "## With a durable inbox",
  ];
  for (const heading of servers) {
    test(heading, async () => {
      const port = await freePort();
      const code = codeUnder(heading);
      expect(code).toContain("3000");
      const { output } = runCode(code.replaceAll("3000", String(port)));
      await deliverAndSee(`http://localhost:${port}`, output);
    });
  }

  test("### Cloudflare Workers", async () => {
    const file = join(folder, "worker.ts");
    writeFileSync(file, codeUnder("### Cloudflare Workers"));
    worker = await startWorkerd(await bundleForWorkerd(file), {
      vars: { DIFFIO_WEBHOOK_SECRET: SECRETS.current },
    });
    await deliverAndSee(worker.url, worker.stdout);
  });

  test("## In your own tests", async () => {
    const { output } = runCode(codeUnder("## In your own tests"));
    await waitFor("its last line", () => (output().includes("200") ? true : undefined));
    expect(output()).toBe("gen_123 is ready\n200\n");
  });

  test("### Through your app", async () => {
    const { output } = runCode(codeUnder("### Through your app"));
    await waitFor("its last line", () => (output().includes("\n") ? true : undefined));
    expect(output()).toBe("200 200 200\n");
  });

  test("### Other senders", async () => {
    const code = `${codeUnder("### Other senders")}
      import { signMessage } from "@diffio-webhooks/core/testing";
      const event = { type: "email.bounced", data: { email_id: "1", to: ["a@example.org", "b@example.org"] } };
      const signed = signMessage({ signingSecret: process.env["RESEND_WEBHOOK_SECRET"] ?? "", body: event });
      await receiver.receive({ method: "POST", ...signed });
    `;
    const { output } = runCode(code, { RESEND_WEBHOOK_SECRET: SECRETS.current });
    await waitFor("the callback's line", () => (output().includes("\n") ? true : undefined));
    expect(output()).toBe("a@example.org, b@example.org bounced\n");
  });

  test("### With the sender's side", async () => {
    const port = await freePort();
    const { output } = runCode(codeUnder("### With the sender's side").replaceAll("3000", String(port)));
    await waitFor("its last line", () => (output().includes("]") ? true : undefined));
    expect(output()).toBe("gen_123 is ready\n[ null, 200 ]\n");
  });
});
