import type { ContestantId } from "./contestant-names.ts";
import {
  FRAMEWORKS,
  type Framework,
  INBOX_ENGINES,
  type InboxEngineId,
  type InboxResult,
  type Results,
  type ServerId,
} from "./results.ts";
import { type RuntimeId, runtimeName } from "./runtimes.ts";
import { type Summary, combine, summarize } from "./statistics.ts";
import { BODY_BYTES } from "./verification.ts";

/** One aim of the project, as data. */
export interface Goal {
  readonly id: string;
  readonly what: string;
  readonly direction: "at least" | "at most";
  readonly goal: number;
  readonly stretch?: number;
  readonly unit: "×" | "%" | "KB" | "ms" | "B";
  /** Left out of a quick run: it takes longer than that may. */
  readonly fullOnly?: boolean;
  /** Reads the value from results; undefined where it was not measured. */
  readonly read: (results: Results) => Summary | undefined;
}

const { small, medium, large, huge } = BODY_BYTES;

/** Every aim, in the order of the issue that set them. */
export const GOALS: readonly Goal[] = [
  fasterThanSvix("node-24", 4.5, 5),
  fasterThanSvix("node-20", 4.5, 5),
  fasterThanSvix("bun", 4, 5),
  fasterThanSvix("deno", 3.5, 4),
  fasterThanSvix("workerd", 2.5, 3),
  nearTheFloor(small, "400 B", 2.8, 2.3),
  nearTheFloor(medium, "4 KB", 1.45, 1.3),
  nearTheFloor(large, "64 KB", 1.15, 1.08),
  nearTheFloor(huge, "1 MB", 1.15, 1.08),
  {
    id: "standardwebhooks-64k",
    what: "verify only, 64 KB, Node 24: times as fast as standardwebhooks",
    direction: "at least",
    goal: 11,
    stretch: 13,
    unit: "×",
    read: (results) =>
      timesAsFast(results, { bytes: large, than: "standardwebhooks-verify", ours: "ours-verify" }),
  },
  {
    id: "portable",
    what: "verify + parse + validate, 400 B, plain JavaScript backend on Node 24: times as fast as svix",
    direction: "at least",
    goal: 1.8,
    stretch: 2.2,
    unit: "×",
    read: (results) => timesAsFast(results, { backend: "portable" }),
  },
  ...FRAMEWORKS.map((framework) => lessCpuThan("svix", framework, 60, 40)),
  lessCpuThan("polar", "express", 30, 20),
  lessCpuThan("polar", "hono", 30, 20),
  {
    id: "size",
    what: "createReceiver for a Worker, min + gzip, validation and SHA-256 included",
    direction: "at most",
    goal: 13,
    stretch: 8,
    unit: "KB",
    read: ({ sizes }) => {
      const size = sizes.find(({ id }) => id === "receiver");
      return size && summarize([size.gzipped / 1000]);
    },
  },
  {
    id: "import",
    what: "import of core over bare Node 24",
    direction: "at most",
    goal: 25,
    stretch: 12,
    unit: "ms",
    read: ({ imports }) => {
      const core = imports.find(({ id }) => id === "core");
      return core && summarize(core.times);
    },
  },
  {
    id: "memory",
    what: "heap growth for one delivery once the inbox is full (an id that stays takes over 60 B)",
    direction: "at most",
    goal: 16,
    unit: "B",
    read: ({ memory }) => memory && summarize([memory.bytesPerDelivery]),
  },
  ...INBOX_ENGINES.flatMap(inboxGoals),
];

/** What an inbox's accept is compared with: all of them as durable, and none knows an id that comes again. */
const BARE: Readonly<Record<InboxEngineId, string>> = {
  sqlite: "bare inserts that share a commit",
  postgres: "a bare insert of as many rows",
  redis: "BullMQ's own add",
};
const ACCEPT_GOALS: Readonly<Record<InboxEngineId, readonly number[]>> = {
  sqlite: [0.55, 0.85, 0.9],
  postgres: [0.7, 0.7, 0.7],
  redis: [0.9, 0.9, 0.9],
};

/** The aims of a durable inbox. */
function inboxGoals(engine: InboxEngineId): Goal[] {
  const resultOf = ({ inboxes }: Results): InboxResult | undefined =>
    inboxes.find((result) => result.engine === engine);
  return [
    ...[1, 16, 256].map((atOnce, index): Goal => ({
      id: `${engine}-${atOnce}`,
      what: `${engine} inbox: messages accepted a second, ${atOnce} at a time, against ${BARE[engine]}`,
      direction: "at least",
      goal: ACCEPT_GOALS[engine][index] ?? 0,
      unit: "×",
      fullOnly: true,
      read: (results) => {
        const rate = resultOf(results)?.rates.find((one) => one.atOnce === atOnce);
        return combine([rate?.bare, rate?.ours], (bare = 0, ours = 0) => bare / ours);
      },
    })),
    {
      id: `${engine}-acknowledgement`,
      what: `${engine} inbox: p99 of the time to a 200 with callbacks that take 10 s, against callbacks that end at once`,
      direction: "at most",
      goal: 1.2,
      unit: "×",
      fullOnly: true,
      read: (results) => {
        const times = resultOf(results)?.acknowledgement;
        return combine([times?.slow, times?.quick], (slow = 0, quick = 0) => slow / quick);
      },
    },
    {
      id: `${engine}-growth`,
      what: `${engine} inbox: accept and run at many stored ids (1,000,000 in a full run), against 1,000`,
      direction: "at most",
      goal: 1.1,
      unit: "×",
      fullOnly: true,
      read: (results) => {
        const growth = resultOf(results)?.growth;
        return combine([growth?.many, growth?.few], (many = 0, few = 0) => many / few);
      },
    },
    {
      id: `${engine}-counts`,
      what: `${engine} inbox: counts() at many stored ids, against 1,000`,
      direction: "at most",
      goal: 1.3,
      unit: "×",
      fullOnly: true,
      read: (results) => {
        const counts = resultOf(results)?.counts;
        return combine([counts?.many, counts?.few], (many = 0, few = 0) => many / few);
      },
    },
    ...(engine === "postgres" ? [10, 100] : []).map((concurrency): Goal => ({
      id: `${engine}-drain-${concurrency}`,
      what: `${engine} inbox: waiting messages run a second, ${concurrency} at once, against pg-boss`,
      direction: "at least",
      goal: 2,
      unit: "×",
      fullOnly: true,
      read: (results) => {
        const drain = resultOf(results)?.drains.find((one) => one.concurrency === concurrency);
        return combine([drain?.peer, drain?.ours], (peer = 0, ours = 0) => peer / ours);
      },
    })),
  ];
}

/** How a goal came out. */
export type Outcome = "met, stretch too" | "met" | "not met" | "not measured";

/** Compares a reading with its goal. */
export function judge({ direction, goal, stretch }: Goal, reading: Summary | undefined): Outcome {
  if (!reading) return "not measured";
  const reaches = (bound: number): boolean =>
    direction === "at least" ? reading.median >= bound : reading.median <= bound;
  if (!reaches(goal)) return "not met";
  return stretch !== undefined && reaches(stretch) ? "met, stretch too" : "met";
}

function fasterThanSvix(runtime: RuntimeId, goal: number, stretch: number): Goal {
  return {
    id: `svix-${runtime}`,
    what: `verify + parse + validate, 400 B, ${runtimeName(runtime)}: times as fast as svix`,
    direction: "at least",
    goal,
    stretch,
    unit: "×",
    read: (results) =>
      timesAsFast(results, { runtime, backend: runtime === "workerd" ? "portable" : "node:crypto" }),
  };
}

function nearTheFloor(bytes: number, size: string, goal: number, stretch: number): Goal {
  return {
    id: `floor-${bytes}`,
    what: `verify only, ${size}, Node 24: times the cost of one crypto.hash`,
    direction: "at most",
    goal,
    stretch,
    unit: "×",
    read: (results) => {
      const times = timesOf(results, { bytes });
      return combine([times?.["ours-verify"], times?.hash], (ours = 0, floor = 0) => ours / floor);
    },
  };
}

function lessCpuThan(peer: ServerId, framework: Framework, goal: number, stretch: number): Goal {
  return {
    id: `${framework}-${peer}`,
    what: `CPU that the ${framework} adapter adds to a bare handler, of what ${peer === "polar" ? "Polar's" : "naive svix"} adds`,
    direction: "at most",
    goal,
    stretch,
    unit: "%",
    read: ({ adapters }) => {
      const times = adapters.find((result) => result.framework === framework)?.times;
      return combine(
        [times?.bare, times?.ours, times?.[peer]],
        (bare = 0, ours = 0, other = 0) => (100 * (ours - bare)) / (other - bare),
      );
    },
  };
}

/** One cell of the verification results. */
interface Cell {
  readonly runtime?: RuntimeId;
  readonly backend?: "node:crypto" | "portable";
  readonly bytes?: number;
}

function timesOf(
  { verification }: Results,
  { runtime = "node-24", backend = "node:crypto", bytes = small }: Cell,
): Partial<Record<ContestantId, readonly number[]>> | undefined {
  return verification.find(
    (result) =>
      result.runtime === runtime &&
      result.backend === backend &&
      result.bytes === bytes &&
      !result.wholeHeaders,
  )?.times;
}

function timesAsFast(
  results: Results,
  { ours = "ours-event", than = "svix", ...cell }: Cell & { ours?: ContestantId; than?: ContestantId },
): Summary | undefined {
  const times = timesOf(results, cell);
  return combine([times?.[than], times?.[ours]], (theirs = 0, mine = 0) => theirs / mine);
}
