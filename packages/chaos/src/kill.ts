import { setTimeout as pause } from "node:timers/promises";
import type { LedgerEntry } from "@diffio-webhooks/contract/inbox-service/ledger";
import type { DeathPoint } from "@diffio-webhooks/contract/inbox-service/service";
import {
  type InboxEngine,
  type InboxStore,
  type RunningService,
  type ServiceProcess,
  control,
} from "@diffio-webhooks/contract/inboxes";
import { type Message, deliver, idle, message } from "@diffio-webhooks/contract/inbox-driver";
import { type Kill, type Verdict, judge } from "./verdict.ts";

/** The steps at which a process dies in its turn; the last one is any moment. */
const POINTS: readonly (DeathPoint | "any moment" | "at rest")[] = [
  "before commit",
  "after commit, before the reply",
  "during a run",
  "after the effect, before done",
  "any moment",
  "any moment",
  "at rest",
];

/** When all that was accepted is done, and has been committed as that. */
const REST_MS = 1300;

const MESSAGES_A_TRIAL = 20;
/** A lease as short as it may be: a campaign waits for one in most trials. */
const LEASE_IN_SECONDS = 1;

/** A service that takes no deliveries for so long after its restart does not come back. */
const MAX_RECOVERY_MS = 120_000;

/** How a campaign is run. */
export interface KillOptions {
  readonly engine: InboxEngine;
  /** How often a process is killed under load. */
  readonly trials: number;
  /** Trials that go on at once, each on a store of its own. */
  readonly lanes: number;
  onTrial(done: number): void;
}

/** What came of a campaign. */
export interface KillReport extends Verdict {
  readonly trials: number;
  readonly trialsByPoint: Readonly<Record<string, number>>;
  /** Messages that a process answered 200 before it was killed: those that could be lost. */
  readonly acknowledgedBefore: number;
  /** Of those, the ones whose effect had not come yet: only a promise that is kept could bring it. */
  readonly withoutEffect: number;
  /** From a process's start after a kill until nothing was pending, in ms, sorted. */
  readonly recoveriesInMs: readonly number[];
}

/**
 * Kills a real service under load again and again, starts it anew, sends again what was not acknowledged as the sender
 * does, and holds what was acknowledged against the effects.
 */
export async function killCampaign({ engine, trials, lanes, onTrial }: KillOptions): Promise<KillReport> {
  await engine.start?.();
  try {
    let started = 0;
    let done = 0;
    const trialsByPoint = Object.fromEntries(POINTS.map((point) => [point, 0]));
    const found: Lane[] = await Promise.all(
      Array.from({ length: Math.min(lanes, trials) }, async () => {
        const lane = await openLane(engine);
        while (started < trials) {
          const point = POINTS[started++ % POINTS.length] ?? "any moment";
          await lane.trial(point);
          trialsByPoint[point] = (trialsByPoint[point] ?? 0) + 1;
          onTrial(++done);
        }
        return lane;
      }),
    );
    const verdicts = await Promise.all(found.map((lane) => lane.verdict()));
    return {
      trials: done,
      trialsByPoint,
      acknowledgedBefore: sum(found.map((lane) => lane.acknowledgedBefore())),
      withoutEffect: sum(found.map((lane) => lane.withoutEffect())),
      acknowledged: sum(verdicts.map(({ acknowledged }) => acknowledged)),
      cutOff: sum(verdicts.map(({ cutOff }) => cutOff)),
      repeated: sum(verdicts.map(({ repeated }) => repeated)),
      lost: verdicts.flatMap(({ lost }) => lost),
      unexplained: verdicts.flatMap(({ unexplained }) => unexplained),
      recoveriesInMs: found.flatMap(({ recoveriesInMs }) => recoveriesInMs).toSorted((a, b) => a - b),
    };
  } finally {
    await engine.stop?.();
  }
}

interface Lane {
  trial(point: (typeof POINTS)[number]): Promise<void>;
  verdict(): Promise<Verdict>;
  acknowledgedBefore(): number;
  withoutEffect(): number;
  readonly recoveriesInMs: readonly number[];
}

async function openLane(engine: InboxEngine): Promise<Lane> {
  const store: InboxStore = await engine.createStore();
  async function start(): Promise<RunningService & { process: ServiceProcess }> {
    const started = await store.start({ inbox: { leaseInSeconds: LEASE_IN_SECONDS } });
    if (!started.process) throw new Error(`${engine.name} has no processes that could be killed.`);
    return { ...started, process: started.process };
  }
  const acknowledged = new Set<string>();
  const kills: Kill[] = [];
  const recoveriesInMs: number[] = [];
  let acknowledgedBefore = 0;
  let withoutEffect = 0;
  let trials = 0;
  let service = await start();
  // Looks into the store after a kill, and runs nothing.
  const office = engine.isStore ? await store.start({ receivers: [] }) : undefined;

  async function doneOf(all: readonly Message[]): Promise<ReadonlySet<string>> {
    if (!office) return new Set();
    const found = await Promise.all(
      all.map(async ({ messageId }) => {
        const one = (await control(office, "/message", { id: messageId })) as { state: string } | null;
        return one?.state === "done" ? messageId : "";
      }),
    );
    return new Set(found);
  }

  async function tryToDeliver(to: RunningService, one: Message): Promise<void> {
    try {
      const { status } = await deliver(to, one);
      if (status === 200) acknowledged.add(one.messageId);
    } catch {
      // The process died under it: not acknowledged.
    }
  }

  async function trial(point: (typeof POINTS)[number]): Promise<void> {
    const all = Array.from({ length: MESSAGES_A_TRIAL }, (_, index) => message(`takes:${(index % 4) * 10}`));
    const victim = service;
    trials += 1;
    if (point !== "any moment" && point !== "at rest") {
      await control(victim, "/die", { at: point, after: String(randomBelow(MESSAGES_A_TRIAL)) });
    }
    const load = Promise.all(
      all.map(async (one) => {
        await pause(randomBelow(60));
        await tryToDeliver(victim, one);
      }),
    );
    if (point === "any moment") await pause(randomBelow(120));
    else if (point === "at rest") await load.then(() => pause(REST_MS));
    else await Promise.race([victim.process.exited, pause(5000)]);
    await victim.process.kill();
    const at = Date.now();
    await load;
    kills.push({ pid: victim.process.pid, at, done: await doneOf(all) });
    const promised = all.filter(({ messageId }) => acknowledged.has(messageId));
    acknowledgedBefore += promised.length;
    const ended = new Set(
      (await store.ledger()).filter(({ what }) => what === "ended").map(({ messageId }) => messageId),
    );
    withoutEffect += promised.filter(({ messageId }) => !ended.has(messageId)).length;

    service = await start();
    const restarted = performance.now();
    // The sender goes on until it is told 200. In some trials it sends again what it was told 200 for: all of it, a fifth of
    // it, or nothing, since a resend would heal a loss.
    const isResent = (index: number): boolean => point === "at rest" || (trials % 2 === 0 && index % 5 === 0);
    for (
      let again = all.filter((one, index) => isResent(index) || !acknowledged.has(one.messageId));
      again.length > 0;
    ) {
      await Promise.all(again.map((one) => tryToDeliver(service, one)));
      again = again.filter(({ messageId }) => !acknowledged.has(messageId));
      if (performance.now() - restarted > MAX_RECOVERY_MS)
        throw new Error(`${engine.name} takes no deliveries.`);
    }
    await idle(service);
    recoveriesInMs.push(performance.now() - restarted);
  }

  return {
    trial,
    recoveriesInMs,
    acknowledgedBefore: () => acknowledgedBefore,
    withoutEffect: () => withoutEffect,
    async verdict() {
      const ledger: LedgerEntry[] = await store.ledger();
      await store.remove();
      return judge(acknowledged, ledger, kills);
    },
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const randomBelow = (limit: number): number => Math.floor(Math.random() * limit);
