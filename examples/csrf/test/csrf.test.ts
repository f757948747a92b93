import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENV, completed, forged } from "../../example-suite.ts";
import { type RunningExample, startExample } from "../../start-example.ts";

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
    example = startExample(new URL("..", import.meta.url), [`src/${framework}.ts`], ENV);
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
    const refused = await deliver(url, forged("msg_1", "gen_1"));
    expect([refused.status, await refused.json()]).toEqual([400, { error: "no_matching_signature" }]);
    const taken = await deliver(url, completed("msg_2", "gen_2"));
    expect([taken.status, await taken.json()]).toEqual([200, { received: true }]);
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
function deliver(url: string, { headers, body }: ReturnType<typeof completed>): Promise<Response> {
  const { "content-type": _, ...others } = headers;
  return fetch(`${url}/webhooks/diffio`, { method: "POST", headers: others, body });
}
