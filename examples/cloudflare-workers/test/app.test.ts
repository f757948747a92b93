import { mkdtempSync, rmSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "svix";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type RunningExample, startExample } from "../../start-example.ts";

const signingSecret = "whsec_" + btoa("the signing secret of a test");
const otherSecret = "whsec_" + btoa("the signing secret of another");
const scratch = mkdtempSync(join(tmpdir(), "diffio-webhooks-"));
let example: RunningExample;
let url: string;

/** Without the network: no update check, no metrics, no sample of `request.cf`. */
function wrangler(...args: readonly string[]): RunningExample {
  return startExample(new URL("..", import.meta.url), ["node_modules/wrangler/bin/wrangler.js", ...args], {
    CI: "1",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    DIFFIO_WEBHOOK_SECRET: signingSecret,
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
    XDG_CONFIG_HOME: scratch,
  });
}

beforeAll(async () => {
  // An empty env file, so that no .dev.vars of a developer's counts.
  example = wrangler("dev", "--local", "--port=0", "--inspector-port=0", `--env-file=${devNull}`);
  const [origin] = await example.waitFor(/http:[\w./:]+/);
  url = `${origin}/webhooks/diffio`;
});
afterAll(async () => {
  await example.stop();
  rmSync(scratch, { recursive: true });
});

/** The sender's side: one completed generation, signed by svix. */
function deliver(messageId: string, generationId: string, secret = signingSecret): Promise<Response> {
  // Spaced as JSON.stringify would not: only the raw bytes verify.
  const body = `{ "eventType": "generation.completed", "eventId": "evt_1", "createdAt": "2026-01-28T12:34:56Z",
    "apiKeyId": "key_1", "generationId": "${generationId}", "status": "complete", "modelKey": "diffio-2" }`;
  const now = new Date();
  const headers = {
    "content-type": "application/json",
    "svix-id": messageId,
    "svix-timestamp": `${Math.floor(now.getTime() / 1000)}`,
    "svix-signature": new Webhook(secret).sign(messageId, now, body),
  };
  return fetch(url, { method: "POST", headers, body });
}

test("runs the callback of a signed delivery, once", async () => {
  const first = await deliver("msg_1", "gen_1");
  expect([first.status, await first.json()]).toEqual([200, { received: true }]);
  expect(example.output()).not.toContain("completed gen_1");
  expect((await deliver("msg_1", "gen_1")).status).toBe(200);
  await example.waitFor(/completed gen_1 \(diffio-2\)/);

  expect((await deliver("msg_1", "gen_1")).status).toBe(200);
  await deliver("msg_2", "gen_2");
  await example.waitFor(/completed gen_2/);
  expect(example.output().match(/completed gen_1/g)).toHaveLength(1);
});

test("refuses a forged delivery", async () => {
  const response = await deliver("msg_3", "gen_3", otherSecret);
  expect([response.status, await response.json()]).toEqual([400, { error: "no_matching_signature" }]);
  await deliver("msg_4", "gen_4");
  await example.waitFor(/completed gen_4/);
  expect(example.output()).not.toContain("gen_3");
});

test("leaves parsed JSON to the other route", async () => {
  const response = await fetch(new URL("/generations", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "an old tape" }),
  });
  expect([response.status, await response.json()]).toEqual([201, { name: "an old tape" }]);
});

test("can be deployed", async () => {
  const deploy = wrangler("deploy", "--dry-run", `--outdir=${scratch}/dist`);
  onTestFinished(async () => void (await deploy.stop()));
  expect(await deploy.ended).toBe(0);
});
