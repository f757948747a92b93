import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FAULTS } from "@diffio-webhooks/simulator/client";
import { createProgram } from "../src/lib/program.ts";
import { cli } from "./support/cli.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");

/** All commands, each as the words that call it. */
function allCommands(command = createProgram(), path: readonly string[] = []): (readonly string[])[] {
  return [path, ...command.commands.flatMap((child) => allCommands(child, [...path, child.name()]))];
}

describe("help", () => {
  test.each(allCommands().map((path) => [path.join(" "), path] as const))(
    "of %j has examples",
    async (_name, path) => {
      const { code, stdout, stderr } = await cli([...path, "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(new RegExp(`^Usage: ${["diffio-webhooks", ...path].join(" ")}`));
      expect(stdout).toMatch(/\nExamples:\n {2}\$ diffio-webhooks /);
    },
  );

  test("without a command: usage", async () => {
    const { code, stdout, stderr } = await cli([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Exit codes: 0 ok");
  });

  test("of a command, asked for by its name", async () => {
    expect(await cli(["help", "trigger"])).toEqual(await cli(["trigger", "--help"]));
  });

  test("names faults and what they do in two columns", async () => {
    const { stdout } = await cli(["trigger", "--help"]);
    for (const [fault, effect] of Object.entries(FAULTS))
      expect(stdout).toMatch(new RegExp(`\\n {2}${fault} {2,}${effect.replace(/[()]/g, ".")}\\n`));
  });

  test("the version", async () => {
    const { version } = JSON.parse(readFileSync(join(MAIN, "../../package.json"), "utf8")) as {
      version: string;
    };
    expect(await cli(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("a mistake names the right word", () => {
  test.each([
    [["sing"], "unknown command 'sing'", "Did you mean sign?"],
    [["verfy", "x"], "unknown command 'verfy'", "Did you mean verify?"],
    [["sign", "--sercet", "x"], "unknown option '--sercet'", "Did you mean --secret?"],
    [["doctor"], "missing required argument 'url'", "See diffio-webhooks doctor --help."],
    [["send-test-event", "generation.complete"], "generation.complete", "generation.completed"],
    [["sign", "--at", "yesterday"], "yesterday", "2026-01-28T12:34:56Z"],
    [["doctor", "http://localhost", "--within", "soon"], "soon", "It takes a number"],
  ])("%j", async (args, mistake, right) => {
    const { code, stdout, stderr } = await cli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(mistake);
    expect(stderr).toContain(right);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});

describe("colour", () => {
  const args = ["doctor", "http://localhost:1/"];

  test.each([
    ["none where the output is no terminal", {}, false],
    ["none with NO_COLOR", { NO_COLOR: "1" }, false],
    ["where it is forced", { FORCE_COLOR: "1" }, true],
  ])("%s", async (_name, env, coloured) => {
    const { stdout } = await cli(args, { env });
    expect(stdout).toContain("✗");
    expect(stdout.includes("\u001B[")).toBe(coloured);
    const { stderr } = await cli(["sing"], { env });
    expect(stderr.includes("\u001B[")).toBe(coloured);
  });
});

test("a reader that has read enough is no failure", async () => {
  const child = spawn(process.execPath, [MAIN, "doctor", "http://localhost:1/"]);
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  await once(child, "close");
  expect(stderr).toBe("");
});
