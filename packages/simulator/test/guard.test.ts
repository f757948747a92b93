import { request } from "node:http";
import { describe, expect, test, vi } from "vitest";
import { start } from "./support/simulators.ts";

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers: Record<string, string>;
}

/** Sends the headers as they are given, which fetch would not. Resolves with the status. */
function send(url: string, { method = "GET", path = "/api", headers }: Sent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(new URL(path, url), { method, headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    })
      .on("error", reject)
      .end();
  });
}

describe("the host", () => {
  test.each(["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])(
    "%s with its port is answered",
    async (name) => {
      const simulator = await start();
      const { port } = new URL(simulator.url);
      expect(await send(simulator.url, { headers: { host: `${name}:${port}` } })).toBe(200);
    },
  );

  test.each([
    "evil.example:PORT",
    "localhost.evil.example:PORT",
    "evil.example",
    "127.0.0.1.evil.example:PORT",
    "localhost",
    "localhost:1",
    "127.0.0.2:PORT",
    "169.254.169.254:PORT",
  ])("%j is refused", async (name) => {
    const simulator = await start();
    const host = name.replaceAll("PORT", new URL(simulator.url).port);
    for (const path of ["/api", "/api/endpoints?reveal=true", "/", "/v1/webhooks/send_test_event"])
      expect(await send(simulator.url, { path, headers: { host } })).toBe(403);
  });

  test.each(["localhost:PORT:PORT", "localhost@evil.example:PORT", "a b"])("%j is no host", async (name) => {
    const simulator = await start();
    const host = name.replaceAll("PORT", new URL(simulator.url).port);
    expect(await send(simulator.url, { headers: { host } })).toBe(400);
  });

  test("of a test URL may be a tunnel's", async () => {
    const simulator = await start();
    const { id, url } = await simulator.testUrls.create();
    const { pathname } = new URL(url);
    const headers = { host: "abc.tunnel.example", origin: "https://elsewhere.example" };
    expect(await send(simulator.url, { method: "POST", path: pathname, headers })).toBe(200);
    expect(await send(simulator.url, { method: "POST", path: "/in/unknown", headers })).toBe(404);
    expect(await simulator.testUrls.deliveries(id)).toHaveLength(1);
  });
});

describe("a request that changes something", () => {
  const own = (url: string): string => new URL(url).origin;
  test.each([
    { what: "without an origin", headers: {} },
    { what: "of its own page", headers: { origin: "OWN" } },
    {
      what: "of its own page, which an old browser does not say",
      headers: { "sec-fetch-site": "same-origin" },
    },
  ])("$what is answered", async ({ headers }) => {
    const simulator = await start();
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace("OWN", own(simulator.url))]),
    );
    expect(await send(simulator.url, { method: "POST", path: "/api/idle", headers: filled })).toBe(200);
  });

  test.each([
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "" },
    { origin: "http://localhost:1" },
    { origin: "https://HOST" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])("of another page, %j, is refused, and nothing changes", async (given) => {
    const simulator = await start();
    const { id } = await simulator.endpoints.create({ url: "http://localhost:9/" });
    const { host } = new URL(simulator.url);
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value.replace("HOST", host)]),
    ) as Record<string, string>;
    for (const { method, path } of [
      { method: "POST", path: `/api/endpoints/${id}/disable` },
      { method: "DELETE", path: `/api/endpoints/${id}` },
      { method: "POST", path: "/v1/webhooks/send_test_event" },
    ])
      expect(await send(simulator.url, { method, path, headers })).toBe(403);
    expect(await simulator.endpoints.get(id)).toMatchObject({ disabled: false });
  });
});

test("pages of other sites may neither frame nor read it", async () => {
  const simulator = await start();
  const { headers } = await fetch(`${simulator.url}/api`, { headers: { "sec-fetch-site": "cross-site" } });
  expect(headers.get("access-control-allow-origin")).toBeNull();
  expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
});

test("told to listen elsewhere, it says so, and is reached by address but by no other name", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const simulator = await start({ host: "0.0.0.0" });
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("0.0.0.0"));
  warn.mockRestore();
  const { port } = new URL(simulator.url);
  for (const name of ["127.0.0.1", "192.168.0.7", "[fe80::1]", "localhost"])
    expect(await send(simulator.url, { headers: { host: `${name}:${port}` } })).toBe(200);
  expect(await send(simulator.url, { headers: { host: `evil.example:${port}` } })).toBe(403);
});

test("a port that is taken, and an address that is none, are told", async () => {
  const { url } = await start();
  const port = Number(new URL(url).port);
  await expect(start({ port })).rejects.toMatchObject({ code: "port_in_use", hint: expect.any(String) });
  await expect(start({ host: "203.0.113.1" })).rejects.toMatchObject({ code: "invalid_option" });
  for (const options of [
    { port: -1 },
    { port: 70_000 },
    { port: 1.5 },
    { jitter: 2 },
    { timeoutInSeconds: 0 },
  ])
    await expect(start(options as object)).rejects.toMatchObject({ code: "invalid_option" });
});
