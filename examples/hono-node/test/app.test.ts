import { Webhook } from "svix";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningExample, startExample } from "../../start-example.ts";

const signingSecret = "whsec_" + btoa("the signing secret of a test");
const otherSecret = "whsec_" + btoa("the signing secret of another");
let example: RunningExample;
let url: string;

beforeAll(async () => {
  const env = { PORT: "0", DIFFIO_WEBHOOK_SECRET: signingSecret };
  example = startExample(new URL("..", import.meta.url), ["src/server.ts"], env);
  [url = ""] = await example.waitFor(/http:\S+/);
});
afterAll(() => example.stop("SIGKILL"));

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
});

test("leaves parsed JSON to the other route", async () => {
  const response = await fetch(new URL("/generations", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "an old tape" }),
  });
  expect([response.status, await response.json()]).toEqual([201, { name: "an old tape" }]);
});

test("waits on SIGTERM for a callback that runs", async () => {
  expect((await deliver("msg_4", "gen_4")).status).toBe(200);
  expect(example.output()).not.toContain("gen_4");
  expect(await example.stop()).toBe(0);
  expect(example.output()).toContain("completed gen_4");
  expect(example.output()).not.toContain("gen_3");
});
