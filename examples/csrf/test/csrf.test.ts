import { Webhook } from "svix";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningExample, startExample } from "../../start-example.ts";

const signingSecret = "whsec_" + btoa("the signing secret of a test");
const otherSecret = "whsec_" + btoa("the signing secret of another");

const json = { "content-type": "application/json" };
const form = { "content-type": "application/x-www-form-urlencoded" };
const nameAsJson = JSON.stringify({ name: "Ada" });

describe.each([
  { framework: "express", site: { headers: json, body: nameAsJson }, prove: cookiesAndToken },
  { framework: "fastify", site: { headers: json, body: nameAsJson }, prove: cookiesAndToken },
  { framework: "hono", site: { headers: form, body: "name=Ada" }, prove: origin },
])("$framework", ({ framework, site, prove }) => {
  let example: RunningExample;
  let url: string;

  beforeAll(async () => {
    const env = { PORT: "0", DIFFIO_WEBHOOK_SECRET: signingSecret };
    example = startExample(new URL("..", import.meta.url), [`src/${framework}.ts`], env);
    [url = ""] = await example.waitFor(/http:\S+/);
  });
  afterAll(() => example.stop());

  test("refuses a request to the site without the proof", async () => {
    const response = await fetch(`${url}/profile`, { method: "POST", ...site });
    expect(response.status).toBe(403);
  });

  test("takes a request to the site with it", async () => {
    const headers = { ...site.headers, ...(await prove(url)) };
    const response = await fetch(`${url}/profile`, { method: "POST", ...site, headers });
    expect([response.status, await response.json()]).toEqual([200, { name: "Ada" }]);
  });

  test("takes a signed webhook without it, and only a signed one", async () => {
    const forged = await deliver(url, "msg_1", "gen_1", otherSecret);
    expect([forged.status, await forged.json()]).toEqual([400, { error: "no_matching_signature" }]);
    const signed = await deliver(url, "msg_2", "gen_2", signingSecret);
    expect([signed.status, await signed.json()]).toEqual([200, { received: true }]);
    await example.waitFor(/completed gen_2/);
    expect(example.output()).not.toContain("gen_1");
  });
});

async function cookiesAndToken(url: string): Promise<Record<string, string>> {
  const response = await fetch(`${url}/csrf-token`);
  const { token }: { token: string } = JSON.parse(await response.text());
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
  return { cookie: cookies.join("; "), "x-csrf-token": token };
}

async function origin(url: string): Promise<Record<string, string>> {
  return { origin: url };
}

/** Without the sender's content type: Hono's csrf() would let any JSON pass, exempt or not. */
function deliver(url: string, messageId: string, generationId: string, secret: string): Promise<Response> {
  const body = `{ "eventType": "generation.completed", "eventId": "evt_1", "createdAt": "2026-01-28T12:34:56Z",
    "apiKeyId": "key_1", "generationId": "${generationId}", "status": "complete" }`;
  const now = new Date();
  const headers = {
    "svix-id": messageId,
    "svix-timestamp": `${Math.floor(now.getTime() / 1000)}`,
    "svix-signature": new Webhook(secret).sign(messageId, now, body),
  };
  return fetch(`${url}/webhooks/diffio`, { method: "POST", headers, body });
}
