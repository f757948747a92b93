import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** What a finished process leaves. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a process is started. */
export interface CliOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** The real program, in a process of its own, with nothing of this one's environment but what it cannot do without. */
export async function cli(
  args: readonly string[],
  { stdin = "", env = {}, cwd }: CliOptions = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  // It may end without having read all.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const [stdout, stderr, code] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => {
      child.once("close", resolve);
    }),
  ]);
  return { code, stdout: stdout.toString("utf8"), stderr };
}

/** The records of `--json`. */
export function records({ stdout }: Finished): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A folder of files for one test. */
export function filesWith(files: Readonly<Record<string, string | Uint8Array>>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), "diffio-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return (name) => join(folder, name);
}

/** Makes a user's project that has the inboxes of these engines installed; the caller removes it. */
export function projectWith(engines: readonly string[]): string {
  const project = mkdtempSync(join(tmpdir(), "diffio-cli-"));
  const scope = join(project, "node_modules/@diffio-webhooks");
  mkdirSync(scope, { recursive: true });
  for (const engine of engines) {
    symlinkSync(join(import.meta.dirname, `../../../inbox-${engine}`), join(scope, `inbox-${engine}`));
  }
  return project;
}
