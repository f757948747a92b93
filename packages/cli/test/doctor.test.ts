import type { RequestListener } from "node:http";
import { FORGERS_SECRET, SECRET } from "@diffio-webhooks/test-support/signing";
import { describe, expect, test } from "vitest";
import { cli, records } from "./support/cli.ts";
import { receiving, serve } from "./support/servers.ts";

const env = { DIFFIO_WEBHOOK_SECRET: SECRET };

/** Each check and how it ended. */
async function examine(
  url: string,
  { args = [], given = {} }: { args?: readonly string[]; given?: Record<string, string> } = {},
): Promise<{ code: number | null; statuses: Record<string, unknown>; checks: Record<string, unknown>[] }> {
  const finished = await cli(["doctor", url, "--json", ...args], { env: given });
  expect(finished.stderr).toBe("");
  const checks = records(finished);
  return {
    code: finished.code,
    checks,
    statuses: Object.fromEntries(checks.map(({ check, status }) => [check, status])),
  };
}

const CONNECTED = { resolves: "ok", "connects over IPv4": "ok", "connects over IPv6": "skipped" };
const REFUSING = { "answers POST": "ok", "rejects a forged delivery": "ok" };
const KNOWING = { "rejects an altered body": "ok", "rejects an old delivery": "ok" };

describe("a receiver as it should be", () => {
  test("with the secret: every check passes, and one event arrives", async () => {
    const { listener, events } = receiving();
    const port = await serve(listener);
    expect(await examine(`http://127.0.0.1:${port}/hooks`, { given: env })).toMatchObject({
      code: 0,
      statuses: {
        ...CONNECTED,
        ...REFUSING,
        ...KNOWING,
        "accepts a good delivery": "ok",
        "answers in time": "ok",
      },
    });
    expect(events).toEqual(["generation.queued"]);
  });

  test("without the secret: nothing arrives, and it is told why", async () => {
    const { listener, events } = receiving();
    const port = await serve(listener);
    expect(await examine(`http://127.0.0.1:${port}/hooks`)).toMatchObject({
      code: 0,
      statuses: { ...CONNECTED, ...REFUSING, "accepts a good delivery": "skipped", "answers in time": "ok" },
    });
    expect(events).toEqual([]);
  });

  test("for people: a line for each", async () => {
    const port = await serve(receiving().listener);
    const { code, stdout } = await cli(["doctor", `http://127.0.0.1:${port}/`], { env });
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^✓ resolves +127\.0\.0\.1: 127\.0\.0\.1$/),
      expect.stringMatching(/^✓ connects over IPv4 +port \d+$/),
      expect.stringMatching(/^– connects over IPv6 +the name has no such address$/),
      expect.stringMatching(/^✓ answers POST +400 missing_header$/),
      expect.stringMatching(/^✓ rejects a forged delivery +400 no_matching_signature$/),
      expect.stringMatching(/^✓ rejects an altered body +400 no_matching_signature$/),
      expect.stringMatching(/^✓ rejects an old delivery +400 timestamp_too_old$/),
      expect.stringMatching(/^✓ accepts a good delivery +200$/),
      expect.stringMatching(/^✓ answers in time +\d+ ms at most, of 15000 ms$/),
    ]);
  });
});

describe("what is wrong with an endpoint", () => {
  const answering =
    (status: number, text = "", headers = {}): RequestListener =>
    (req, res) => {
      req.resume().on("end", () => res.writeHead(status, headers).end(text));
    };

  test.each<[name: string, listener: RequestListener, failed: string, hint: RegExp]>([
    ["it takes anything", answering(200), "rejects a forged delivery", /Verify the signature/],
    ["no route", answering(404), "answers POST", /check the URL/],
    ["no POST", answering(405), "answers POST", /mount it for POST/],
    ["a redirect", answering(308, "", { location: "/" }), "answers POST", /does not follow redirects/],
    ["a dead tunnel", answering(502), "answers POST", /service behind it/],
    ["a login before it", answering(403), "accepts a good delivery", /CSRF/],
    [
      "a parser before it",
      answering(500, '{"error":"body_already_parsed"}'),
      "answers POST",
      /express\.json/,
    ],
    [
      "the secret of another",
      receiving(FORGERS_SECRET).listener,
      "accepts a good delivery",
      /not the endpoint's secret/,
    ],
    ["it cuts the connection", (req) => void req.socket.destroy(), "answers POST", /./],
  ])("%s", async (_name, listener, failed, hint) => {
    const port = await serve(listener);
    const { code, checks } = await examine(`http://127.0.0.1:${port}/hooks`, { given: env });
    expect(code).toBe(1);
    const [first] = checks.filter(({ status }) => status === "failed");
    expect(first).toMatchObject({ check: failed });
    expect(String(first?.["hint"] ?? first?.["detail"])).toMatch(hint);
  });

  test("it checks signatures only where there are some", async () => {
    const { listener } = receiving();
    const port = await serve((req, res) => {
      if (req.headers["svix-signature"]) listener(req, res);
      else answering(200)(req, res);
    });
    const { code, statuses } = await examine(`http://127.0.0.1:${port}/`, { given: env });
    expect(code).toBe(1);
    expect(statuses).toMatchObject({
      "rejects a forged delivery": "failed",
      "accepts a good delivery": "ok",
    });
  });

  test("it does not look at the time", async () => {
    const port = await serve(receiving(SECRET, { toleranceInSeconds: 86_400 }).listener);
    const { code, statuses } = await examine(`http://127.0.0.1:${port}/`, { given: env });
    expect(code).toBe(1);
    expect(statuses).toMatchObject({
      ...REFUSING,
      "rejects an altered body": "ok",
      "rejects an old delivery": "failed",
    });
  });

  test("it takes altered bodies", async () => {
    let requests = 0;
    const port = await serve((req, res) => answering(requests++ < 2 ? 400 : 200)(req, res));
    const { code, statuses } = await examine(`http://127.0.0.1:${port}/`, { given: env });
    expect(code).toBe(1);
    expect(statuses).toMatchObject({ ...REFUSING, "rejects an altered body": "failed" });
  });

  test("it is slow", async () => {
    const port = await serve((req, res) => {
      setTimeout(() => answering(400)(req, res), 50);
    });
    const { code, statuses } = await examine(`http://127.0.0.1:${port}/`, { args: ["--within", "20"] });
    expect(code).toBe(1);
    expect(statuses).toMatchObject({ ...REFUSING, "answers in time": "failed" });
  });
});

test("it does not speak the protocol of its URL", async () => {
  const port = await serve(receiving().listener);
  const { code, checks } = await examine(`https://127.0.0.1:${port}/`, { given: env });
  expect(code).toBe(1);
  expect(checks.at(-1)).toMatchObject({
    check: "answers POST",
    detail: expect.stringMatching(/TLS connection failed: nothing speaks https on this port\.$/),
  });
});

describe("not reachable", () => {
  test("nobody listens", async () => {
    const { code, checks } = await examine("http://127.0.0.1:1/", { given: env });
    expect(code).toBe(3);
    expect(checks.at(1)).toMatchObject({
      check: "connects over IPv4",
      status: "failed",
      detail: expect.stringMatching(/refused/),
    });
  });

  test("the name does not resolve", async () => {
    const { code, statuses } = await examine("http://nobody.invalid/");
    expect({ code, statuses }).toEqual({ code: 3, statuses: { resolves: "failed" } });
  });
});

test.each(["localhost:3000", "ftp://localhost/", "hooks"])("no URL of HTTP: %s", async (url) => {
  const { code, stdout, stderr } = await cli(["doctor", url]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("It reads https://");
});
