import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** A running `dev --json`. */
export interface RunningDev {
  /** What it said when it had started. */
  readonly started: {
    readonly url: string;
    readonly apiKey: string;
    readonly endpointId?: string;
    readonly signingSecret?: string;
  };
  /** The attempts that it has told of so far. */
  readonly attempts: Record<string, unknown>[];
  stderr(): string;
  /** Resolves to the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `dev` on a free port. */
export async function startDev(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningDev> {
  const child: ChildProcess = spawn(process.execPath, [MAIN, "dev", "--port", "0", "--json", ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  let stderr = "";
  child.stderr?.on("data", (chunk) => (stderr += String(chunk)));
  const attempts: Record<string, unknown>[] = [];
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const started = await new Promise<RunningDev["started"]>((resolve, reject) => {
    lines.once("line", (line) => {
      resolve(JSON.parse(line) as RunningDev["started"]);
      lines.on("line", (later) => attempts.push(JSON.parse(later) as Record<string, unknown>));
    });
    lines.once("close", () => reject(new Error(`dev did not start: ${stderr}`)));
  });
  return {
    started,
    attempts,
    stderr: () => stderr,
    async stop(signal = "SIGINT") {
      if (child.exitCode === null) child.kill(signal);
      // So that one that does not end is a failed test, and no process that stays.
      const kill = setTimeout(() => child.kill("SIGKILL"), 20_000);
      await closed.finally(() => clearTimeout(kill));
      return child.exitCode;
    },
  };
}
