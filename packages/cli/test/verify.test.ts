import { FORGERS_SECRET, SECRET, signatureHeaders } from "@diffio-webhooks/test-support/signing";
import { describe, expect, test } from "vitest";
import { cli, filesWith, records } from "./support/cli.ts";

const BODY = JSON.stringify({
  eventType: "generation.completed",
  eventId: "evt_1",
  createdAt: "2026-01-28T12:34:56Z",
  apiKeyId: "key_1",
  generationId: "gen_1",
  status: "complete",
});
const env = { DIFFIO_WEBHOOK_SECRET: SECRET };
const headers = signatureHeaders(BODY);
const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
const flags = lines.flatMap((line) => ["-H", line]);

describe("an authentic delivery", () => {
  test.each<[name: string, file: string]>([
    ["lines", lines.join("\n")],
    ["lines of Windows, names in capitals", lines.map((line) => line.replace("svix", "SVIX")).join("\r\n")],
    [
      "what curl -v prints",
      ["> POST /hooks HTTP/1.1", "> Host: localhost", ...lines.map((line) => `> ${line}`), ">"].join("\n"),
    ],
    ["JSON", JSON.stringify(headers, null, 2)],
    [
      "JSON with a number and a list",
      JSON.stringify({
        ...headers,
        "svix-timestamp": Number(headers["svix-timestamp"]),
        "svix-id": [headers["svix-id"]],
      }),
    ],
    ["white-labelled names", lines.map((line) => line.replace("svix-", "webhook-")).join("\n")],
  ])("headers as %s", async (_name, content) => {
    const file = filesWith({ headers: content, body: BODY });
    const { code, stdout, stderr } = await cli(["verify", file("body"), "--headers", file("headers")], {
      env,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`✓ ${headers["svix-id"]} is authentic: generation.completed.\n`);
  });

  test("headers by flags, the body by stdin, as JSON", async () => {
    const finished = await cli(["verify", ...flags, "--json"], { env, stdin: BODY });
    expect(finished.code).toBe(0);
    expect(records(finished)).toEqual([{ verified: true, findings: [], eventType: "generation.completed" }]);
  });

  test("that is no event: told", async () => {
    const signed = Object.entries(signatureHeaders("[]")).flatMap(([name, value]) => [
      "-H",
      `${name}: ${value}`,
    ]);
    const { code, stdout } = await cli(["verify", ...signed], { env, stdin: "[]" });
    expect(code).toBe(0);
    expect(stdout).toMatch(/is authentic\.\n\n {2}! .*an array/);
  });

  test("of long ago, by the clock of its arrival", async () => {
    const old = signatureHeaders(BODY, { ageInSeconds: 86_400 });
    const given = Object.entries(old).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
    const at = Number(old["svix-timestamp"]) + 10;
    expect((await cli(["verify", ...given, "--at", String(at)], { env, stdin: BODY })).code).toBe(0);
    expect((await cli(["verify", ...given, "--tolerance", "90000"], { env, stdin: BODY })).code).toBe(0);
    const late = await cli(["verify", ...given], { env, stdin: BODY });
    expect(late.code).toBe(1);
    expect(late.stdout).toMatch(
      /was signed 8640\d s before .*\(clock_skew\)\n {2}→ The signature is right\./,
    );
  });
});

describe("a delivery that does not verify: why", () => {
  test.each<[name: string, body: string, args: string[], code: string]>([
    ["re-encoded", JSON.stringify(JSON.parse(BODY), null, 2), [], "body_reserialised"],
    ["a newline at its end", `${BODY}\n`, [], "body_trailing_newline"],
    [
      "the secret of another endpoint",
      BODY,
      ["-s", FORGERS_SECRET, "--other-secret", `live=${SECRET}`],
      "secret_of_other_endpoint",
    ],
    ["a secret with a space", BODY, ["-s", `${SECRET} `], "secret_whitespace"],
    ["forged", BODY, ["-s", FORGERS_SECRET], "signature_mismatch"],
    ["a header twice", BODY, ["-H", lines[0] ?? ""], "repeated_header"],
  ])("%s", async (_name, stdin, args, code) => {
    const finished = await cli(["verify", ...flags, ...args, "--json"], { env, stdin });
    expect(finished.code).toBe(1);
    expect(records(finished)).toMatchObject([{ verified: false, findings: [{ code }] }]);
    const { code: exitCode, stdout } = await cli(["verify", ...flags, ...args], { env, stdin });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(new RegExp(`^✗ .* does not verify\\.\n\n {2}.*\\(${code}\\)\n {2}→ `));
    expect(stdout).not.toContain(SECRET.slice("whsec_".length));
  });
});

describe("refuses", () => {
  test.each<[name: string, args: string[], given: Record<string, string>, says: RegExp]>([
    ["to verify without headers", [], env, /no headers.*\n.*--headers FILE/],
    ["to verify without a secret", flags, {}, /no signing secret/],
    ["a header that is none", ["-H", "svix-id"], env, /"svix-id" is not a header/],
    ["another secret without a name", [...flags, "--other-secret", SECRET.slice(0, 9)], env, /name=value/],
    ["a file that is not there", [...flags, "nowhere"], env, /no file nowhere/],
    ["a negative tolerance", [...flags, "--tolerance", "-1"], env, /0 or more/],
  ])("%s", async (_name, args, given, says) => {
    const { code, stdout, stderr } = await cli(["verify", ...args], { env: given, stdin: BODY });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(says);
  });

  test.each(["{", "[]x", "null"])("headers that are no JSON: %j", async (content) => {
    const file = filesWith({ headers: content });
    const { code, stderr } = await cli(["verify", "--headers", file("headers")], { env, stdin: BODY });
    expect(code).toBe(2);
    expect(stderr).toMatch(/JSON object of headers|is not a header/);
  });
});
