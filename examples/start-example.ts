import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

export interface RunningExample {
  /** All that it has written so far. */
  output(): string;
  /** Resolves to the first match in the output; rejects when the process ends without one. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves to the exit code. */
  readonly ended: Promise<number | null>;
  /** Sends the signal and resolves to the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `node …args` in the example's folder. `onOutput` is given what it writes, as it comes. */
export function startExample(
  folder: URL,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onOutput: (text: string) => void = () => {},
): RunningExample {
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...env } });
  let output = "";
  let closed = false;
  const ended = once(child, "close").then(() => {
    closed = true;
    return child.exitCode;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      onOutput(text);
    });
  }

  return {
    output: () => output,
    ended,
    async waitFor(pattern) {
      const deadline = Date.now() + 20_000;
      let match = pattern.exec(output);
      while (!match) {
        if (closed || Date.now() > deadline) throw new Error(`No ${pattern} in the output:\n${output}`);
        await sleep(20);
        match = pattern.exec(output);
      }
      return match;
    },
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      const kill = setTimeout(() => child.kill("SIGKILL"), 10_000);
      return ended.finally(() => clearTimeout(kill));
    },
  };
}
