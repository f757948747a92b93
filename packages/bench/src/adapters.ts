import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerMessage } from "./adapter-server.ts";
import { makeRequests } from "./deliveries.ts";
import { type LoadClient, connectLoad } from "./load.ts";
import type { Progress } from "@diffio-webhooks/test-support/progress";
import { type AdapterResult, FRAMEWORKS, type Framework, type Results, type ServerId } from "./results.ts";
import { cleanEnv } from "./spawn.ts";

/** Deliveries come over so many connections at once. */
const CONNECTIONS = 10;
const BODY_BYTES = 400;
/** Warming up needs no more windows than that. */
const WARM_UP_STEP = 1000;
/** Callbacks run after the reply: the CPU time is read a moment after the last one. */
const SETTLE_MS = 5;

const CONTESTANTS: Record<Framework, readonly ServerId[]> = {
  express: ["bare", "ours", "svix", "polar"],
  fastify: ["bare", "ours", "svix"],
  hono: ["bare", "ours", "svix", "polar"],
};
const FULL_ONLY: Partial<Record<Framework, readonly ServerId[]>> = { express: ["svix-docs"] };

/** For how long a framework is measured. */
interface AdapterPlan {
  /**
   * All servers are started so many times: two processes of the same code differ by some microseconds a request for as
   * long as they live, by what their engine came to believe while they warmed up.
   */
  readonly generations: number;
  /**
   * Each server is warmed up with so many requests: by their number and not by time, so that on a slow machine no
   * server is measured while its engine still compiles. By the 20,000th they cost a half to a third of the first.
   */
  readonly warmUp: number;
  /** But at most so long. */
  readonly maxWarmUpMs: number;
  /** Requests to one server in one round. */
  readonly perRound: number;
  /** Rounds of a generation go on until this is used up… */
  readonly budgetMs: number;
  /** …but there are at least so many. */
  readonly minRounds: number;
}

const QUICK_PLAN: AdapterPlan = {
  generations: 1,
  warmUp: 20_000,
  maxWarmUpMs: 1500,
  perRound: 500,
  budgetMs: 2400,
  minRounds: 5,
};
const FULL_PLAN: AdapterPlan = {
  generations: 5,
  warmUp: 40_000,
  maxWarmUpMs: 5000,
  perRound: 1000,
  budgetMs: 6000,
  minRounds: 5,
};

/** A server in a process of its own, and the connections to it. */
interface RunningServer {
  readonly id: ServerId;
  readonly child: ChildProcess;
  readonly load: LoadClient;
}

/** Measures what CPU each adapter's server uses for one request. */
export async function measureAdapters(results: Results, progress: Progress): Promise<void> {
  const { quick } = results;
  for (const framework of FRAMEWORKS) {
    const ids = [...CONTESTANTS[framework], ...(quick ? [] : (FULL_ONLY[framework] ?? []))];
    progress.step(`adapters: ${framework} (${ids.join(", ")})`);
    // eslint-disable-next-line no-await-in-loop -- one framework after another
    results.adapters.push(await measureFramework(framework, ids, quick ? QUICK_PLAN : FULL_PLAN));
  }
}

async function measureFramework(
  framework: Framework,
  ids: readonly ServerId[],
  plan: AdapterPlan,
): Promise<AdapterResult> {
  const times = Object.fromEntries(ids.map((id) => [id, [] as number[]]));
  for (let generation = 0; generation < plan.generations; generation++) {
    // eslint-disable-next-line no-await-in-loop -- one after another
    await measureGeneration(framework, ids, plan, times);
  }
  return { framework, times };
}

async function measureGeneration(
  framework: Framework,
  ids: readonly ServerId[],
  { warmUp, maxWarmUpMs, perRound, budgetMs, minRounds }: AdapterPlan,
  times: Readonly<Record<string, number[]>>,
): Promise<void> {
  const servers = await startServers(framework, ids);
  try {
    /* eslint-disable no-await-in-loop -- contestants take turns */
    for (const server of servers) {
      const warm = performance.now() + maxWarmUpMs;
      for (let sent = 0; sent < warmUp && performance.now() < warm; sent += WARM_UP_STEP) {
        await window(server, WARM_UP_STEP);
      }
    }
    const end = performance.now() + budgetMs;
    for (let round = 0; round < minRounds || performance.now() < end; round++) {
      for (let turn = 0; turn < servers.length; turn++) {
        const server = servers[(turn + round) % servers.length];
        if (server) times[server.id]?.push(await window(server, perRound));
      }
    }
    /* eslint-enable no-await-in-loop */
  } finally {
    servers.forEach(stopServer);
  }
}

/** CPU microseconds for one request, over so many of them. */
async function window({ id, child, load }: RunningServer, count: number): Promise<number> {
  // Made before the clock starts, and never twice the same: a known message would be a cheap duplicate.
  const requests = makeRequests(id === "polar" ? "polar" : "diffio", count, BODY_BYTES);
  const before = await cpuMicros(child);
  await load.send(requests);
  await delay(SETTLE_MS);
  return ((await cpuMicros(child)) - before) / count;
}

async function cpuMicros(child: ChildProcess): Promise<number> {
  const answer = once(child, "message");
  child.send("cpu");
  const [message] = (await answer) as [ServerMessage];
  if ("cpuMicros" in message) return message.cpuMicros;
  throw new Error("The server did not tell its CPU time.");
}

async function startServers(framework: Framework, ids: readonly ServerId[]): Promise<RunningServer[]> {
  const started = await Promise.allSettled(ids.map((id) => startServer(framework, id)));
  const running = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failed = started.find((each) => each.status === "rejected");
  if (!failed) return running;
  running.forEach(stopServer);
  throw failed.reason;
}

function stopServer({ child, load }: RunningServer): void {
  load.close();
  child.kill();
}

async function startServer(framework: Framework, id: ServerId): Promise<RunningServer> {
  const child = fork(fileURLToPath(new URL("adapter-server.ts", import.meta.url)), [framework, id], {
    env: cleanEnv(),
    execArgv: [],
  });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`The ${framework} server "${id}" ended with ${code} before it listened.`);
  });
  const [message] = (await Promise.race([once(child, "message"), ended])) as [ServerMessage];
  ended.catch(() => {});
  if (!("port" in message)) throw new Error("The server did not tell its port.");
  return { id, child, load: await connectLoad(message.port, CONNECTIONS) };
}
