import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { LISTENING } from "./servers/listening.ts";

/** A server in a process of its own. */
export interface ChildServer {
  readonly url: string;
  readonly pid: number;
  /** Resolves with its exit code when it has ended. */
  readonly exited: Promise<number | null>;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  /** Ends it at once, without a word: `kill -9`. */
  close(): Promise<void>;
}

/** Starts a program that tells its port (see `servers/listening.ts`), and waits until it has. */
export async function startChild(command: readonly string[]): Promise<ChildServer> {
  const [program = "", ...args] = command;
  // In a process group of its own: some runtimes come wrapped in a launcher, and both must end.
  // Its standard input stays open for as long as this process lives.
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => {
    stdout += part.toString();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = new Promise<number | null>((resolve) => {
    child.on("exit", (code) => resolve(code));
  });
  const port = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      if (line.startsWith(LISTENING)) resolve(line.slice(LISTENING.length));
    });
    child.on("error", reject);
    child.on("exit", (code) =>
      reject(new Error(`The server ended with code ${code} before it listened.\n${stderr}`)),
    );
  });
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    exited,
    stdout: () => stdout,
    stderr: () => stderr,
    async close() {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid, "SIGKILL");
      }
      await exited;
    },
  };
}
