import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A Redis of a test's own, which keeps what it acknowledged: `appendfsync always`. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Ends it at once, without a word. What it has on its disk stays. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and disk. */
  start(): Promise<void>;
  /** Stops its process, or lets it go on: connections stay, and nothing answers. */
  freeze(frozen: boolean): void;
  /** Ends it, and takes its disk away. */
  remove(): Promise<void>;
}

/** Whether there is a `redis-server` on the PATH. */
export const hasRedisServer: boolean = spawnSync("redis-server", ["--version"]).status === 0;

/** A Redis that is there already, for tests that do not have to kill it. */
export const redisUrl: string | undefined = process.env["REDIS_URL"] || undefined;

/** Starts a `redis-server` with a disk of its own. */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "diffio-redis-"));
  const port = await freePort();
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
    const place = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
    const started = spawn("redis-server", [...place, ...durable, ...settings], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    child = started;
    await new Promise<void>((resolve, reject) => {
      createInterface(started.stdout).on("line", (line) => {
        if (line.includes("Ready to accept connections")) resolve();
      });
      started.on("error", reject);
      started.on("exit", (code) => reject(new Error(`redis-server ended with code ${code}.`)));
    });
  }

  async function kill(): Promise<void> {
    const killed = child;
    child = undefined;
    if (!killed || killed.exitCode !== null) return;
    const exited = once(killed, "exit");
    killed.kill("SIGKILL");
    await exited;
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    start,
    freeze: (frozen) => void child?.kill(frozen ? "SIGSTOP" : "SIGCONT"),
    async remove() {
      await kill();
      rmSync(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
