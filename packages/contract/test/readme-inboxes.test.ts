/** Runs the code in the READMEs of the inboxes as it stands there; only the port is another. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startPostgres } from "@diffio-webhooks/test-support/postgres";
import { hasRedisServer, startRedis } from "@diffio-webhooks/test-support/redis";
import { bundleForWorkerd, startWorkerd } from "@diffio-webhooks/test-support/workerd";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { payload, signedRequest } from "../src/deliveries.ts";
import { send } from "../src/http.ts";
import { SECRETS } from "../src/servers/fixture.ts";

const PATH = "/webhooks/diffio";
const event = (generationId: string) => signedRequest(payload({ generationId }), { path: PATH });

/** The first block of TypeScript under a heading of an inbox's README. */
function codeOf(inbox: string, heading: string): string {
  const readme = readFileSync(join(import.meta.dirname, `../../inbox-${inbox}/README.md`), "utf8");
  const [, section = ""] = readme.split(`\n## ${heading}\n`);
  const code = /```ts\n([\s\S]*?)```/.exec(section)?.[1];
  if (code === undefined) throw new Error(`No code under "${heading}" for ${inbox}.`);
  return code;
}

/** A folder inside this package, so that its dependencies are found. */
function newFolder(): string {
  const folder = mkdtempSync(join(import.meta.dirname, "../.readme-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function start(folder: string, code: string, env: NodeJS.ProcessEnv) {
  const file = join(folder, "code.ts");
  writeFileSync(file, code);
  const child: ChildProcess = spawn(process.execPath, [file], {
    cwd: folder,
    env: { ...process.env, ...env, DIFFIO_WEBHOOK_SECRET: SECRETS.current },
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  if (child.stdout) createInterface(child.stdout).on("line", (line) => lines.push(line));
  return { child, lines, ended: once(child, "close") };
}

const engines: Record<string, () => Promise<NodeJS.ProcessEnv>> = {
  sqlite: async () => ({}),
  async postgres() {
    const server = await startPostgres();
    onTestFinished(() => server.stop());
    return { DATABASE_URL: await server.createDatabase("readme") };
  },
  async redis() {
    const server = await startRedis();
    onTestFinished(() => server.remove());
    return { REDIS_URL: server.url };
  },
};

describe.each(Object.keys(engines))("inbox-%s", (inbox) => {
  test.skipIf(inbox === "redis" && !hasRedisServer)(
    "the quick start receives, runs, and ends by itself at SIGTERM; then the dead letters are shown and replayed",
    async () => {
      const env = (await engines[inbox]?.()) ?? {};
      const folder = newFolder();
      const code = codeOf(inbox, "Quick start");
      expect(code).toContain("app.listen(3000)");
      const telling = "app.listen(0, function () { console.log(this.address().port) })";
      const app = start(folder, code.replace("app.listen(3000)", telling), env);
      await vi.waitUntil(() => app.lines.length === 1, { timeout: 20_000 });
      const url = `http://127.0.0.1:${app.lines[0]}`;
      const unreadable = signedRequest("no event", { path: PATH });
      for (const one of [event("gen_1"), unreadable]) expect((await send(url, one)).status).toBe(200);
      await vi.waitUntil(() => app.lines.length === 2, { timeout: 20_000 });
      expect(app.lines[1]).toBe("gen_1 is ready");
      app.child.kill("SIGTERM");
      expect(await app.ended).toEqual([0, null]);

      const office = start(folder, codeOf(inbox, "Dead letters"), env);
      expect(await office.ended).toEqual([0, null]);
      expect(office.lines[0]).toMatch(new RegExp(`^\\S+ ${unreadable.messageId} invalid_payload `));
      expect(office.lines.slice(1).join("\n")).toMatch(/pending: 1,[^]*done: 1,[^]*dead: 0/);
    },
    60_000,
  );
});

test("inbox-cloudflare: the quick start receives and runs", async () => {
  const file = join(newFolder(), "worker.ts");
  writeFileSync(file, codeOf("cloudflare", "Quick start"));
  const worker = await startWorkerd(await bundleForWorkerd(file), {
    vars: { DIFFIO_WEBHOOK_SECRET: SECRETS.current },
    queues: { DIFFIO_QUEUE: { maxBatchTimeout: 0.05 } },
    objects: { DIFFIO_INBOX: "DiffioInbox" },
  });
  onTestFinished(() => worker.close());
  expect((await send(worker.url, event("gen_1"))).status).toBe(200);
  await vi.waitUntil(() => worker.stdout().includes("gen_1 is ready"), { timeout: 20_000 });
});
