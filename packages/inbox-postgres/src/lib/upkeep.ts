import { clearTimeout, setTimeout } from "@diffio-webhooks/core/inbox";
import type { CheckedDurableInboxOptions } from "@diffio-webhooks/core/inbox";
import type { Connection } from "./connection.ts";
import { look } from "./look.ts";
import { makeOverdueJobs, makeReplayedJobs } from "./make-jobs.ts";
import { prune } from "./prune.ts";
import { renew } from "./renew.ts";
import { takeOver } from "./take-over.ts";
import type { Attached, Run } from "./attached.ts";

/** What is done now and then while receivers are attached. */
export interface Upkeep {
  start(): void;
  /** Looks for work at once, not at the next turn. */
  lookNow(): void;
  /** Resolves when nothing is under way. */
  stop(): Promise<void>;
}

interface UpkeepParts {
  readonly connection: Connection;
  readonly options: CheckedDurableInboxOptions;
  readonly attached: ReadonlyMap<string, Attached>;
  readonly runs: ReadonlyMap<string, Run>;
  readonly wake: (receiver: string) => void;
  readonly onError: (error: unknown) => void;
}

/** How often is looked for what others have left, retried or replayed. What comes here is run at once. */
const LOOK_MS = 1000;
const OVERDUE_MS = 60_000;
const LONGEST_PRUNE_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Makes it. */
export function createUpkeep({ connection, options, attached, runs, wake, onError }: UpkeepParts): Upkeep {
  const { leaseInSeconds, keepIdsInDays, keepBodiesInDays } = options;
  const pruneMs = Math.min(
    LONGEST_PRUNE_MS,
    Math.max(Math.min(keepIdsInDays, keepBodiesInDays) * DAY_MS, LOOK_MS),
  );
  const tasks = [
    createTask(lookForWork, LOOK_MS),
    createTask(renewLeases, (leaseInSeconds * 1000) / 3),
    createTask(async () => makeOverdueJobs(await connection.queues(), [...attached.keys()]), OVERDUE_MS),
    createTask(async () => prune(await connection.database(), options), pruneMs),
  ];

  async function lookForWork(): Promise<void> {
    const names = [...attached.keys()];
    const queues = await connection.queues();
    const { due, hasReplayed, hasExpired } = await look(queues.database, names);
    for (const name of due) wake(name);
    if (hasReplayed) for (const name of await makeReplayedJobs(queues, names)) wake(name);
    if (!hasExpired) return;
    for (const { message, run, final } of await takeOver(queues, names, [...runs.keys()], options)) {
      attached.get(message.receiver)?.interrupted(message, { run, final });
      wake(message.receiver);
    }
  }

  async function renewLeases(): Promise<void> {
    const leased = [...runs.values()];
    if (leased.length === 0) return;
    const ours = await renew(
      await connection.database(),
      leased.map(({ receiver, message: { messageId }, jobId }) => ({ receiver, messageId, jobId })),
      leaseInSeconds,
    );
    for (const { jobId, isOver, controller } of leased) {
      if (!isOver && !ours.has(jobId)) {
        controller.abort(new Error("The run's lease was over, and another process has taken the message."));
      }
    }
  }

  function createTask(work: () => Promise<unknown>, everyMs: number): Task {
    return createRepeated(
      () =>
        work().catch((error: unknown) => {
          connection.failed(error);
          onError(error);
        }),
      everyMs,
    );
  }

  return {
    start() {
      for (const task of tasks) task.start();
    },
    lookNow: () => tasks[0]?.now(),
    async stop() {
      await Promise.all(tasks.map((task) => task.stop()));
    },
  };
}

interface Task {
  start(): void;
  now(): void;
  stop(): Promise<void>;
}

/** Does something again and again, never twice at once. */
function createRepeated(work: () => Promise<unknown>, everyMs: number): Task {
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<unknown> | undefined;
  let again = false;
  let isOn = false;

  function turn(): void {
    clearTimeout(timer);
    if (underWay) {
      again = true;
      return;
    }
    underWay = work().finally(() => {
      underWay = undefined;
      if (!isOn) return;
      timer = setTimeout(turn, again ? 0 : everyMs);
      again = false;
    });
  }

  return {
    start() {
      if (isOn) return;
      isOn = true;
      turn();
    },
    now() {
      if (isOn) turn();
    },
    async stop() {
      isOn = false;
      clearTimeout(timer);
      await underWay;
    },
  };
}
