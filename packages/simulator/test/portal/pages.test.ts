import { beforeEach, describe, expect, test } from "vitest";
import type { Simulator } from "../../src/index.ts";
import { recordingReceiver } from "../support/receivers.ts";
import { start } from "../support/simulators.ts";

const HTML = { accept: "text/html" };
let simulator: Simulator;
beforeEach(async () => {
  simulator = await start();
});

/** Sends a form as a browser does. */
async function submit(
  path: string,
  fields: Record<string, string> | [string, string][],
  headers: Record<string, string> = { origin: simulator.url },
): Promise<Response> {
  const body = new URLSearchParams(fields);
  return fetch(new URL(path, simulator.url), { method: "POST", body, headers, redirect: "manual" });
}

async function read(path: string): Promise<string> {
  const response = await fetch(new URL(path, simulator.url), { headers: HTML });
  return response.text();
}

/** Where the answer to a form leads, followed once. */
async function follow(response: Response): Promise<string> {
  expect(response.status).toBe(303);
  return read(response.headers.get("location") ?? "");
}

describe("what a page may do", () => {
  test("is its own script and stylesheet, and nothing inline", async () => {
    const response = await fetch(simulator.url, { headers: HTML });
    const policy = response.headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("form-action 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const html = await response.text();
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style| style=| on[a-z]+=/);
  });

  test("its files are served", async () => {
    for (const [name, type] of [
      ["portal.css", "text/css; charset=utf-8"],
      ["portal.js", "text/javascript; charset=utf-8"],
      ["icon.svg", "image/svg+xml"],
    ] as const) {
      const response = await fetch(`${simulator.url}/assets/${name}`);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe(type);
    }
    expect((await fetch(`${simulator.url}/assets/..%2fpackage.json`)).status).toBe(404);
  });
});

describe("a form", () => {
  const fields = { url: "http://localhost:9/", modes: "test" };

  test.each([
    { what: "of another site", headers: { origin: "https://evil.example" } },
    { what: "of a page without an origin", headers: { origin: "null" } },
    { what: "that names no origin", headers: {} },
    { what: "that a browser calls another site's", headers: { "sec-fetch-site": "cross-site" } },
  ])("$what is refused", async ({ headers }) => {
    const response = await submit("/endpoints", fields, { ...headers });
    expect(response.status).toBe(403);
    expect(await simulator.endpoints.list()).toEqual([]);
  });

  test("that is no form is refused", async () => {
    const headers = { origin: simulator.url, "content-type": "text/plain" };
    expect((await submit("/endpoints", fields, headers)).status).toBe(403);
  });

  test("that is too large is refused", async () => {
    const response = await submit("/endpoints", { ...fields, headers: "x".repeat(2 ** 20) });
    expect(response.status).toBe(413);
  });

  test("with a mistake is shown again, with what was typed and how to mend it", async () => {
    const response = await submit("/endpoints", { url: "ftp://<b>", modes: "test", headers: "X-A: 1" });
    const html = await response.text();
    expect(response.status).toBe(400);
    expect(html).toContain('value="ftp://&lt;b&gt;"');
    expect(html).toContain("X-A: 1");
    expect(html).toContain("http://localhost:3000/webhooks/diffio");
    expect(html).not.toMatch(/id="page"[^>]*data-live/);
  });

  test.each([
    ["/send", { eventType: "generation.completed", fields: "{" }, "not JSON"],
    ["/send", { eventType: "generation.completed", fields: "[]" }, "not a JSON object"],
    ["/send", { eventType: "generation.completed", fault: "no-such" }, "is no fault"],
    ["/test-urls", { signingSecret: "whsec_short" }, "signingSecret"],
    ["/endpoints", { url: "http://a.example/", modes: "test", headers: "no colon" }, "is no header"],
    ["/endpoints", { url: "http://a.example/" }, "no list of modes"],
  ])("%s with %j says what is wrong", async (path, mistaken, words) => {
    const response = await submit(path, mistaken);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(words);
  });

  test("leads to no other place than the portal", async () => {
    for (const next of [
      "https://evil.example/",
      "//evil.example/",
      "/\\evil.example/",
      "javascript:alert(1)",
    ]) {
      const response = await submit("/clock", { by: "5s", next });
      expect(response.headers.get("location")).toMatch(/^\/clock\?notice=/);
    }
  });
});

describe("what is shown", () => {
  test("of a payload, a header or a URL is text, whatever it says", async () => {
    const evil = `</pre><script>alert("1")</script><img src=x onerror=alert(1)>`;
    const { url } = await simulator.testUrls.create();
    const endpoint = await simulator.endpoints.create({ url, headers: { "x-evil": evil } });
    const { svixMessageId } = await simulator.sendTestEvent({
      eventType: "generation.failed",
      samplePayload: { error: evil, [evil]: evil, eventId: evil },
    });
    await simulator.idle();
    await fetch(url, { method: "POST", body: evil, headers: { "x-evil": evil } });
    const [testUrl] = await simulator.testUrls.list();
    for (const path of [
      `/messages/${svixMessageId}`,
      `/endpoints/${endpoint.id}/options`,
      `/test-urls/${testUrl?.id}`,
    ]) {
      const html = await read(path);
      expect(html).toContain("&lt;script&gt;");
      expect(html).not.toContain("<script>");
      expect(html).not.toContain("<img");
    }
    expect(await read(`/messages?eventType=${encodeURIComponent(evil)}`)).not.toContain("<script>");
  });

  test("masks secrets until they are asked for", async () => {
    const headers = { authorization: "Bearer of-the-customer" };
    const { id, signingSecret, url } = await simulator.endpoints.create({
      url: "http://localhost:9/",
      headers,
    });
    const { svixMessageId } = await simulator.sendTestEvent({ eventType: "generation.queued" });
    await simulator.idle();
    for (const path of ["/", `/endpoints/${id}`, `/endpoints/${id}/options`, `/messages/${svixMessageId}`]) {
      const html = await read(path);
      expect(html).not.toContain(signingSecret);
      expect(html).not.toContain("of-the-customer");
      expect(html).not.toContain(simulator.apiKey);
    }
    expect(await read(`/endpoints/${id}?reveal=secret`)).toContain(signingSecret);
    expect(await read("/?reveal=api-key")).toContain(simulator.apiKey);

    // What stays masked in the form stays what it is.
    const kept = { url, modes: "live", headers: "authorization: ••••••••\nX-Tenant: acme" };
    await follow(await submit(`/endpoints/${id}/options`, kept));
    const changed = await simulator.endpoints.get(id);
    expect(changed.headers).toEqual({ ...headers, "x-tenant": "acme" });
    expect(changed.modes).toEqual(["live"]);
  });

  test("of attempts is which of the schedule they are: two copies are one", async () => {
    const receiver = await recordingReceiver(500);
    const { id } = await simulator.endpoints.create({ url: receiver.url });
    const { svixMessageId } = await simulator.sendTestEvent({
      eventType: "generation.queued",
      fault: "duplicate",
    });
    await simulator.clock.advance(5);
    await simulator.resend(svixMessageId);
    const count = (html: string, words: string): number => html.split(words).length - 1;
    const page = await read(`/messages/${svixMessageId}`);
    expect(count(page, "<strong>Attempt 1 of 8</strong>")).toBe(2);
    expect(count(page, "<strong>Attempt 2 of 8</strong>")).toBe(2);
    expect(count(page, "<strong>By hand</strong>")).toBe(1);
    expect(page).toMatch(/<strong>Attempt 3 of 8: <time [^>]*>in 5 min<\/time>/);
    const list = await read(`/endpoints/${id}`);
    expect(count(list, "</span>1 of 8</td>")).toBe(2);
    expect(count(list, "</span>2 of 8</td>")).toBe(2);
    expect(count(list, ">By hand</td>")).toBe(1);
    expect(count(list, "Next try </span>")).toBe(1);
  });

  test("of what is not there is a page that says so", async () => {
    for (const path of [
      "/endpoints/ep_no",
      "/messages/msg_no",
      "/test-urls/in_no",
      "/messages?before=msg_no",
      "/no",
    ]) {
      const response = await fetch(new URL(path, simulator.url), { headers: HTML });
      expect(response.status).toBe(404);
      expect(response.headers.get("content-type")).toContain("text/html");
      // It is none of those that the navigation has.
      expect(await response.text()).not.toContain("aria-current");
    }
    expect((await submit("/endpoints/ep_no/enable", {})).status).toBe(404);
    // Scripts are answered as scripts.
    expect((await fetch(`${simulator.url}/no`)).headers.get("content-type")).toBe("application/json");
  });

  test("of a state that there is not says so", async () => {
    const response = await fetch(`${simulator.url}/messages?state=lost`, { headers: HTML });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("is no state");
  });

  test("of a test URL is why a delivery does not verify", async () => {
    const { id, url } = await simulator.testUrls.create();
    await simulator.endpoints.create({ url });
    await simulator.sendTestEvent({ eventType: "generation.queued", fault: "old-timestamp" });
    await simulator.sendTestEvent({ eventType: "generation.completed" });
    await simulator.idle();
    const html = await read(`/test-urls/${id}`);
    expect(html).toContain("Does not verify");
    expect(html).toContain("3600 s");
    expect(html).toContain("</svg>Verifies");
  });
});

describe("an endpoint", () => {
  test("gets a new secret, while the old one signs too", async () => {
    const { id, signingSecret } = await simulator.endpoints.create({ url: "http://localhost:9/" });
    const html = await follow(await submit(`/endpoints/${id}/rotate-secret`, { graceInSeconds: "3600" }));
    const rotated = await simulator.endpoints.get(id);
    expect(rotated.signingSecret).not.toBe(signingSecret);
    expect(rotated.previousSecrets.map((one) => one.signingSecret)).toEqual([signingSecret]);
    expect(html).toContain(rotated.signingSecret);
    expect(html).toContain("ends ");
    const refused = await follow(
      await submit(`/endpoints/${id}/rotate-secret`, { graceInSeconds: "3600", newSecret: "x" }),
    );
    expect(refused).toContain('role="alert"');
  });

  test("is sent what it missed, and the page tells how many", async () => {
    const { url } = await simulator.testUrls.create();
    const { id } = await simulator.endpoints.create({ url });
    await submit(`/endpoints/${id}/disable`, {});
    await simulator.sendTestEvent({ eventType: "generation.queued" });
    const since = new Date(simulator.clock.now().getTime() - 3_600_000);
    since.setMinutes(since.getMinutes() - since.getTimezoneOffset());
    const window = { since: since.toISOString().slice(0, 19) };
    expect(await follow(await submit(`/endpoints/${id}/replay-missing`, window))).toContain(
      "Enable it first",
    );
    await submit(`/endpoints/${id}/enable`, {});
    await submit(`/endpoints/${id}/replay-missing`, window);
    await simulator.idle();
    expect(await read(`/endpoints/${id}/options`)).toContain("Replay: 1 of 1 message succeeded");
    expect(await follow(await submit(`/endpoints/${id}/recover`, { since: "" }))).toContain(
      "since is no time",
    );
  });

  test("is removed", async () => {
    const { id } = await simulator.endpoints.create({ url: "http://localhost:9/" });
    expect(await follow(await submit(`/endpoints/${id}/remove`, {}))).toContain("The endpoint is removed");
    expect(await simulator.endpoints.list()).toEqual([]);
  });
});

test("a whole success is three messages of one generation", async () => {
  expect((await submit("/send", { eventType: "flow" })).headers.get("location")).toBe("/messages");
  const messages = await simulator.messages.list();
  expect(messages.map(({ eventType }) => eventType)).toEqual([
    "generation.completed",
    "generation.processing",
    "generation.queued",
  ]);
  expect(new Set(messages.map(({ payload }) => payload["generationId"])).size).toBe(1);
});

test.each([
  ["90s", 90],
  ["1h30m", 5400],
  [" 2 d ", 172_800],
  ["0.5m", 30],
])("the clock goes %s forward", async (by, seconds) => {
  const before = simulator.clock.now().getTime();
  await submit("/clock", { by });
  expect(simulator.clock.now().getTime() - before).toBe(seconds * 1000);
});

test.each(["", "5", "5 parsecs", "-5s", "s"])("the clock does not go by %j", async (by) => {
  const before = simulator.clock.now().getTime();
  expect(await follow(await submit("/clock", { by }))).toContain("is no span of time");
  expect(simulator.clock.now().getTime()).toBe(before);
});
