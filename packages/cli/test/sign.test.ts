import { spawn, spawnSync } from "node:child_process";
import { buffer } from "node:stream/consumers";
import { FORGERS_SECRET, SECRET } from "@diffio-webhooks/test-support/signing";
import { Webhook } from "svix";
import { describe, expect, test } from "vitest";
import { type Finished, cli, filesWith, records } from "./support/cli.ts";
import { serve } from "./support/servers.ts";

// Nothing that a parser would write again as it is, quotes of every kind, and a line break at its end.
const BODY = `{ "eventType": "generation.completed", "cost": 1.0,\r\n "note": "it's é $HOME \`x\` \\\\ \\"!\\"" }\n`;
const env = { DIFFIO_WEBHOOK_SECRET: SECRET };

function headersOf({ code, stdout, stderr }: Finished): Record<string, string> {
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return Object.fromEntries(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(": ") as [string, string]),
  );
}

function verifiesWith(secret: string, headers: Record<string, string>, body: string = BODY): void {
  expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow("No matching signature");
}

describe("what it signs, svix verifies", () => {
  test("from a file", async () => {
    const file = filesWith({ "event.json": BODY });
    verifiesWith(SECRET, headersOf(await cli(["sign", file("event.json")], { env })));
  });

  test.each([[["sign"]], [["sign", "-"]]])("from stdin: %j", async (args) => {
    verifiesWith(SECRET, headersOf(await cli(args, { env, stdin: BODY })));
  });

  test("with several secrets, in their order, and not that of the environment", async () => {
    const args = ["sign", "--secret", FORGERS_SECRET, "-s", SECRET];
    const headers = headersOf(await cli(args, { stdin: BODY, env: { DIFFIO_WEBHOOK_SECRET: "whsec_" } }));
    const [first = "", second = ""] = headers["svix-signature"]?.split(" ") ?? [];
    verifiesWith(FORGERS_SECRET, { ...headers, "svix-signature": first });
    verifiesWith(SECRET, { ...headers, "svix-signature": second });
  });

  test("as the id and at the time that are wished", async () => {
    for (const at of ["1769603696", "2026-01-28T12:34:56Z"]) {
      const headers = headersOf(await cli(["sign", "--id", "msg_1", "--at", at], { env, stdin: BODY }));
      expect(headers).toMatchObject({ "svix-id": "msg_1", "svix-timestamp": "1769603696" });
      expect(headers["svix-signature"]).toBe(
        new Webhook(SECRET).sign("msg_1", new Date(1_769_603_696_000), BODY),
      );
    }
  });

  test("as JSON", async () => {
    const finished = await cli(["sign", "--json"], { env, stdin: BODY });
    const [record] = records(finished) as unknown as [{ headers: Record<string, string> }];
    verifiesWith(SECRET, record.headers);
  });
});

const hasCurl = spawnSync("curl", ["--version"]).status === 0;

describe.skipIf(!hasCurl)("the curl command, run by a shell, delivers the very bytes", () => {
  test.each(["a file", "stdin"])("of %s", async (from) => {
    const seen: { body: Buffer; headers: Record<string, string> }[] = [];
    const port = await serve((req, res) => {
      void buffer(req).then((body) => {
        seen.push({ body, headers: req.headers as Record<string, string> });
        res.end("received");
      });
    });
    const file = filesWith({ "it's $one.json": BODY });
    const source = from === "stdin" ? [] : [file("it's $one.json")];
    const url = `http://127.0.0.1:${port}/hooks?a=1&b='2'`;
    const { code, stdout } = await cli(["sign", ...source, "--curl", url], { env, stdin: BODY });
    expect(code).toBe(0);
    const shell = await runShell(stdout);
    expect(shell).toContain("received");
    const [{ body, headers } = { body: Buffer.of(), headers: {} }] = seen;
    expect(body.toString("utf8")).toBe(BODY);
    expect(headers["content-type"]).toBe("application/json");
    verifiesWith(SECRET, headers);
  });
});

describe("refuses", () => {
  test.each<[name: string, args: string[], env: Record<string, string>, says: RegExp]>([
    ["to sign without a secret", [], {}, /no signing secret.*\n.*DIFFIO_WEBHOOK_SECRET/],
    ["a secret with a newline", [], { DIFFIO_WEBHOOK_SECRET: `${SECRET}\n` }, /whitespace around it/],
    ["an API key", ["-s", "diffio_live_1"], {}, /another kind of key/],
    ["a file that is not there", ["nowhere.json"], env, /no file nowhere\.json/],
    ["a folder", ["."], env, /EISDIR/],
    ["a URL that is none", ["--curl", "localhost"], env, /localhost is not a URL/],
    ["two files", ["one", "two"], env, /too many arguments/],
  ])("%s", async (_name, args, given, says) => {
    const { code, stdout, stderr } = await cli(["sign", ...args], { env: given, stdin: BODY });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(says);
    expect(stderr).not.toContain(SECRET);
  });

  test("to write bytes that are no text into a command", async () => {
    const { code, stderr } = await cli(["sign", "--curl", "http://localhost/"], {
      env,
      stdin: Uint8Array.of(0xff),
    });
    expect(code).toBe(2);
    expect(stderr).toContain("Keep it in a file");
  });
});

async function runShell(script: string): Promise<string> {
  const child = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  return (await buffer(child.stdout)).toString("utf8");
}
