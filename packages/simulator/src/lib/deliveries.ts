import { type AttemptTools, hasSucceeded, makeAttempt } from "./attempts.ts";
import { SimulatorError } from "./errors.ts";
import { type Limiter, createLimiter } from "./limiter.ts";
import {
  type AttemptRecord,
  type DestinationRecord,
  type EndpointRecord,
  type MessageRecord,
  destinationId,
} from "./records.ts";
import { HELD_BACK_MS, createReordering } from "./reordering.ts";
import { delayAfter } from "./schedule.ts";
import { findEndpoint } from "./store.ts";

/** Attempts on their way to one endpoint at once. */
const CONCURRENCY = 50;
/** The longest delay that timers take. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Sends messages to endpoints, by the schedule and by hand. */
export interface Deliveries {
  /** Plans the attempts of a new message; those that are due are on their way when it returns. */
  start(message: MessageRecord, endpoints: readonly EndpointRecord[]): void;
  /**
   * Makes one attempt now, which is not retried; gives it.
   *
   * @throws SimulatorError `endpoint_disabled`, `not_found`, `closed`
   */
  attemptByHand(message: MessageRecord, endpointId: string): Promise<AttemptRecord>;
  /** Drops what is planned for an endpoint. */
  abandon(endpointId: string): void;
  /** Resolves when nothing is due and nothing is on its way. */
  idle(): Promise<void>;
  /** Moves the clock forward, through all that is due until then; after the advances that were asked for before. */
  advance(milliseconds: number): Promise<void>;
  /** Makes what is due after a restart. */
  resume(): void;
}

/** How deliveries go. */
export interface DeliveriesOptions extends AttemptTools {
  /** 0.2 for ±20 % */
  readonly jitter: number;
}

/** Makes the scheduler. */
export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { store, clock, jitter, signal } = options;
  const reordering = createReordering({ store, clock });
  const limiters = new Map<string, Limiter>();
  /** Ids of destinations that have an attempt by the schedule on its way. */
  const attempting = new Set<string>();
  const onTheWay = new Set<Promise<unknown>>();
  let timer: NodeJS.Timeout | undefined;
  let lastAdvance: Promise<void> = Promise.resolve();

  signal.addEventListener("abort", () => clearTimeout(timer));

  /** Sends what is due, and wakes up for what is due next. */
  function pump(): void {
    clearTimeout(timer);
    if (signal.aborted) return;
    const now = clock.now();
    for (const destination of store.planned) {
      const { id, dueAt } = destination;
      if (dueAt !== null && dueAt <= now && !attempting.has(id)) attemptBySchedule(destination);
    }
    // Again, since what was found undeliverable has pumped for itself.
    clearTimeout(timer);
    const delay = clock.wallTimeUntil(nextDueAt());
    if (delay < Infinity) timer = setTimeout(pump, Math.min(Math.ceil(delay), MAX_TIMER_MS));
  }

  /** Of those that are not on their way. */
  function nextDueAt(): number {
    let next = Infinity;
    for (const { id, dueAt } of store.planned) {
      if (dueAt !== null && !attempting.has(id)) next = Math.min(next, dueAt);
    }
    return next;
  }

  function limit<Value>(endpointId: string, task: () => Promise<Value>): Promise<Value> {
    const limiter = limiters.get(endpointId) ?? createLimiter(CONCURRENCY);
    limiters.set(endpointId, limiter);
    const result = limiter(task);
    const settled: Promise<unknown> = result.catch(() => {}).then(() => onTheWay.delete(settled));
    onTheWay.add(settled);
    return result;
  }

  function attemptBySchedule({ id, messageId, endpointId }: DestinationRecord): void {
    attempting.add(id);
    const made = limit(endpointId, async () => {
      const message = store.get("message", messageId);
      const endpoint = store.get("endpoint", endpointId);
      if (message && endpoint?.disabledBecause === null && store.get("destination", id)?.dueAt !== null) {
        const attempts = await makeAttempt(options, message, endpoint, "scheduled");
        if (!signal.aborted) conclude(id, attempts);
      }
      abandonIfDisabled(endpointId);
      attempting.delete(id);
      pump();
    });
    // It stays among those on their way: made again at once, it would fail for ever.
    made.catch((cause: unknown) => {
      const message = `An attempt of ${messageId} failed inside of the simulator.`;
      console.error(
        new SimulatorError("failed", message, "Is there room for the data file? See the cause.", cause),
      );
    });
  }

  /** Plans what follows an attempt by the schedule. */
  function conclude(id: string, attempts: readonly AttemptRecord[]): void {
    const destination = store.get("destination", id);
    const [failed] = attempts;
    if (!destination || !failed) return;
    if (attempts.some(hasSucceeded)) return succeed(destination, 1);
    const attemptsMade = destination.attemptsMade + 1;
    const delay = delayAfter(
      {
        attemptsMade,
        statusCode: failed.statusCode,
        timedOut: failed.error?.code === "timeout",
        retryAfter: failed.responseHeaders["retry-after"],
      },
      jitter,
      Math.random,
    );
    // Dropped meanwhile, with its endpoint; or brought home by hand.
    const isOver = destination.dueAt === null || delay === null;
    store.save("destination", {
      ...destination,
      attemptsMade,
      heldBack: false,
      state: destination.state === "pending" && isOver ? "failed" : destination.state,
      dueAt: isOver ? null : clock.now() + Math.round(delay * 1000),
    });
    reordering.letGo(destination);
  }

  function succeed(destination: DestinationRecord, attemptsMade: number): void {
    store.save("destination", {
      ...destination,
      state: "succeeded",
      attemptsMade: destination.attemptsMade + attemptsMade,
      heldBack: false,
      dueAt: null,
    });
    reordering.letGo(destination);
  }

  function abandon(endpointId: string): void {
    for (const destination of store.planned) {
      if (destination.endpointId !== endpointId) continue;
      store.save("destination", { ...destination, state: "failed", dueAt: null, heldBack: false });
    }
  }

  function abandonIfDisabled(endpointId: string): void {
    if (store.get("endpoint", endpointId)?.disabledBecause !== null) abandon(endpointId);
  }

  async function idle(): Promise<void> {
    pump();
    while (onTheWay.size > 0) await Promise.all(onTheWay);
  }

  return {
    start(message, endpoints) {
      if (signal.aborted) throw closed();
      const heldBack = message.fault === "reordered";
      for (const endpoint of endpoints) {
        const dueAt = clock.now() + (heldBack ? HELD_BACK_MS : 0);
        const destination = unplanned(message.id, endpoint.id);
        reordering.overtake(destination, dueAt + HELD_BACK_MS);
        store.save("destination", { ...destination, state: "pending", dueAt, heldBack });
      }
      pump();
    },
    attemptByHand(message, endpointId) {
      return limit(endpointId, async () => {
        if (signal.aborted) throw closed();
        const endpoint = findEndpoint(store, endpointId);
        if (endpoint.disabledBecause !== null) throw disabled(endpointId);
        const [attempt] = await makeAttempt(options, message, endpoint, "manual");
        if (!attempt) throw closed();
        const unknown = unplanned(message.id, endpointId);
        const destination = store.get("destination", unknown.id);
        if (hasSucceeded(attempt)) succeed(destination ?? unknown, 0);
        else if (!destination) store.save("destination", unknown);
        abandonIfDisabled(endpointId);
        return attempt;
      });
    },
    abandon,
    idle,
    advance(milliseconds) {
      lastAdvance = lastAdvance
        .catch(() => {})
        .then(async () => {
          const time = clock.now() + milliseconds;
          for (;;) {
            await idle();
            if (signal.aborted) return;
            const next = nextDueAt();
            if (next > time) break;
            clock.moveTo(next);
          }
          clock.moveTo(time);
          store.noteAdvance();
          // On a clock that goes by itself, something may have become due meanwhile.
          await idle();
        });
      return lastAdvance;
    },
    resume: pump,
  };
}

/** What a message is to an endpoint that it has not been planned for. */
function unplanned(messageId: string, endpointId: string): DestinationRecord {
  return {
    id: destinationId(messageId, endpointId),
    messageId,
    endpointId,
    state: "failed",
    attemptsMade: 0,
    dueAt: null,
    heldBack: false,
    overtakenBy: null,
  };
}

function closed(): SimulatorError {
  return new SimulatorError("closed", "The simulator was closed.", "Start another one.");
}

function disabled(endpointId: string): SimulatorError {
  return new SimulatorError(
    "endpoint_disabled",
    `The endpoint ${endpointId} is disabled.`,
    "Enable it first: a disabled endpoint gets nothing.",
  );
}
