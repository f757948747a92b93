import { type SpawnOptions, spawn } from "node:child_process";

/** What a child process wrote, and how it ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment that measured processes get: nothing that changes how their runtime works. */
export function cleanEnv(): Record<string, string> {
  const { PATH = "", HOME = "", TMPDIR = "" } = process.env;
  return { PATH, HOME, ...(TMPDIR !== "" && { TMPDIR }), NODE_ENV: "production", NO_COLOR: "1" };
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], options: SpawnOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: cleanEnv(), ...options, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs a program and gives what it wrote; throws with its last words when it fails. */
export async function runOrThrow(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code === 0) return stdout;
  throw new Error(`A child process ended with ${code}: ${lastLines(stderr === "" ? stdout : stderr)}`);
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-6).join("\n");
}
