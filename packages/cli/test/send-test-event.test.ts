import type { IncomingHttpHeaders } from "node:http";
import { json } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { type Finished, cli, records } from "./support/cli.ts";
import { serve } from "./support/servers.ts";

interface Call {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

const SENT = {
  svixMessageId: "msg_1",
  eventId: "evt_1",
  eventType: "generation.completed",
  mode: "test",
  apiKeyId: "key_1",
};

/** A server of the vendor's wire contract, and what it was asked. */
async function vendor(status: number, answer: unknown): Promise<{ origin: string; calls: Call[] }> {
  const calls: Call[] = [];
  const port = await serve((req, res) => {
    void json(req).then((body) => {
      calls.push({ method: req.method, url: req.url, headers: req.headers, body });
      res.writeHead(status, { "content-type": "application/json" });
      res.end(typeof answer === "string" ? answer : JSON.stringify(answer));
    });
  });
  return { origin: `http://127.0.0.1:${port}`, calls };
}

function send(baseUrl: string, args: readonly string[] = []): Promise<Finished> {
  const env = { DIFFIO_API_BASE_URL: baseUrl, DIFFIO_API_KEY: "diffio_live_1" };
  return cli(["send-test-event", "generation.completed", ...args], { env });
}

describe("asks the vendor", () => {
  test.each(["", "/", "/v1", "/v1/", "/v1//", "/api"])("with a base URL that ends with %j", async (end) => {
    const { origin, calls } = await vendor(200, SENT);
    const { code, stdout, stderr } = await send(origin + end);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe("✓ generation.completed is on its way: message msg_1, event evt_1.\n");
    expect(calls).toMatchObject([
      {
        method: "POST",
        url: `${end === "/api" ? "/api" : ""}/v1/webhooks/send_test_event`,
        headers: { authorization: "Bearer diffio_live_1", "content-type": "application/json" },
      },
    ]);
    // Absent keys are left out.
    expect(calls[0]?.body).toEqual({ eventType: "generation.completed", mode: "test" });
  });

  test("with everything", async () => {
    const { origin, calls } = await vendor(200, SENT);
    const fields = [
      "--set",
      "apiProjectId=proj_9",
      "--set",
      "hasVideo=true",
      "--set",
      "error=null",
      "--set",
      "note=a=b",
    ];
    const finished = await send(origin, ["--mode", "live", "--api-key-id", "key_1", ...fields, "--json"]);
    expect(records(finished)).toEqual([SENT]);
    expect(calls[0]?.body).toEqual({
      eventType: "generation.completed",
      mode: "live",
      apiKeyId: "key_1",
      samplePayload: { apiProjectId: "proj_9", hasVideo: true, error: null, note: "a=b" },
    });
  });
});

describe("when it does not work", () => {
  test.each<[status: number, answer: unknown, says: RegExp]>([
    [401, { error: "Invalid API key" }, /Diffio answered 401: Invalid API key\.\n.*DIFFIO_API_KEY/],
    [403, { error: "Missing scope" }, /403: Missing scope\.\n.*webhooks:write/],
    [400, { error: "apiKeyId is required" }, /400: apiKeyId is required/],
    [400, { error: "Ends with a stop." }, /400: Ends with a stop\.\n/],
    [404, "<html>", /answered 404\.\n.*DIFFIO_API_BASE_URL/],
    [500, "", /answered 500\./],
    [200, "<html>", /not JSON/],
    [302, "", /answered 302/],
  ])("%i", async (status, answer, says) => {
    const { origin } = await vendor(status, answer);
    const { code, stdout, stderr } = await send(origin);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(says);
    expect(stderr).not.toContain("diffio_live_1");
  });

  test("not reachable", async () => {
    const { code, stderr } = await send("http://127.0.0.1:1");
    expect(code).toBe(3);
    expect(stderr).toContain("http://127.0.0.1:1: the connection was refused");
  });

  test("the connection is cut", async () => {
    const port = await serve((req) => void req.socket.destroy());
    expect((await send(`http://127.0.0.1:${port}`)).code).toBe(3);
  });

  test.each<[name: string, env: Record<string, string>, args: string[], says: RegExp]>([
    ["no key", {}, [], /DIFFIO_API_KEY is not set/],
    ["a base URL that is none", { DIFFIO_API_KEY: "k", DIFFIO_API_BASE_URL: "api" }, [], /no URL: api/],
    ["one of another kind", { DIFFIO_API_KEY: "k", DIFFIO_API_BASE_URL: "ftp://api" }, [], /no URL: ftp/],
    ["a key with a newline", { DIFFIO_API_KEY: "k\n" }, [], /DIFFIO_API_KEY has whitespace/],
    ["a field without a value", { DIFFIO_API_KEY: "k" }, ["--set", "x"], /name=value/],
    ["a mode that there is not", { DIFFIO_API_KEY: "k" }, ["--mode", "prod"], /test, live/],
  ])("%s", async (_name, env, args, says) => {
    const { code, stderr } = await cli(["send-test-event", "generation.completed", ...args], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
  });
});
