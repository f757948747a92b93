import type { ContestantId } from "./contestant-names.ts";
import { type Machine, thisMachine } from "./machine.ts";
import type { RuntimeId } from "./runtimes.ts";

/** One number a round. Written to results.json as median, quartiles and the number of rounds. */
export type Samples = readonly number[];

/** Bodies of one size on one runtime. */
export interface VerificationResult {
  readonly runtime: RuntimeId;
  readonly version: string;
  readonly backend: "node:crypto" | "portable";
  readonly bytes: number;
  /** Whether the headers object held the whole request's headers and not the three of the sender alone. */
  readonly wholeHeaders: boolean;
  /** Microseconds for one message. */
  readonly times: Partial<Record<ContestantId, Samples>>;
}

/** The frameworks that have an adapter. */
export const FRAMEWORKS = ["express", "fastify", "hono"] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** What a framework's server does with a delivery. */
export const SERVERS = {
  bare: "bare: reads the body, answers 200",
  ours: "ours, with an empty callback",
  svix: "bare + svix verify + JSON.parse",
  "svix-docs": "svix with express.raw(), as its guide has it",
  polar: "Polar's adapter",
} as const;
export type ServerId = keyof typeof SERVERS;

/** Server CPU, in microseconds for one request. */
export interface AdapterResult {
  readonly framework: Framework;
  readonly times: Partial<Record<ServerId, Samples>>;
}

/** One bundle. */
export interface SizeResult {
  readonly id: string;
  readonly what: string;
  readonly minified: number;
  readonly gzipped: number;
}

/** Milliseconds over those of a bare process that was started just before. */
export interface ImportResult {
  readonly id: string;
  readonly what: string;
  readonly times: Samples;
}

/** The heap after garbage collection, as deliveries go by. */
export interface MemoryResult {
  readonly deliveries: number;
  /** How many ids the inbox remembers before it forgets the oldest. */
  readonly rememberedIds: number;
  readonly points: readonly { readonly deliveries: number; readonly heapBytes: number }[];
  /** The slope from there on where the inbox is full of ids. */
  readonly bytesPerDelivery: number;
}

/** Time of one comparison, in nanoseconds, by where the first difference lies; -1 is none. */
export interface ConstantTimeResult {
  readonly position: number;
  readonly times: Samples;
}

/** The engines whose inboxes are measured. */
export const INBOX_ENGINES = ["sqlite", "postgres", "redis"] as const;
export type InboxEngineId = (typeof INBOX_ENGINES)[number];

/** A durable inbox on its real engine, every commit on the disk. */
export interface InboxResult {
  readonly engine: InboxEngineId;
  /** Microseconds for one message by how many are on their way at once: our `accept`, and the engine's own way. */
  readonly rates: readonly { readonly atOnce: number; readonly ours: Samples; readonly bare: Samples }[];
  /** The 99th percentile of the milliseconds to a 200, with callbacks that end at once and that take 10 s. */
  readonly acknowledgement: { readonly quick: Samples; readonly slow: Samples };
  /** Microseconds to accept and run one message, by how many ids are stored. */
  readonly growth: {
    readonly fewIds: number;
    readonly manyIds: number;
    readonly few: Samples;
    readonly many: Samples;
  };
  /** Microseconds of `counts()`, by how many ids are stored. */
  readonly counts: { readonly few: Samples; readonly many: Samples };
  /** Microseconds for one of many messages that wait, by runs at once: ours, and the queue beside it. */
  readonly drains: readonly {
    readonly concurrency: number;
    readonly ours: Samples;
    readonly peer?: Samples | undefined;
  }[];
}

/** All that one run measured. */
export interface Results {
  readonly quick: boolean;
  readonly machine: Machine;
  readonly verification: VerificationResult[];
  readonly adapters: AdapterResult[];
  readonly sizes: SizeResult[];
  readonly imports: ImportResult[];
  memory?: MemoryResult;
  readonly constantTime: ConstantTimeResult[];
  readonly inboxes: InboxResult[];
  /** What was left out, and why. */
  readonly notes: string[];
  /** What should have run and did not: the run as a whole has failed. */
  readonly failures: string[];
}

/** Begins an empty set of results. */
export function emptyResults(quick: boolean): Results {
  return {
    quick,
    machine: thisMachine(),
    verification: [],
    adapters: [],
    sizes: [],
    imports: [],
    constantTime: [],
    inboxes: [],
    notes: [],
    failures: [],
  };
}
