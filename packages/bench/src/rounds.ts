import { type BenchMessage, type Contestant, makeContestant, prepareMessages } from "./contestants.ts";
import type { ContestantId } from "./contestant-names.ts";
import { isNode } from "./messages.ts";

// Bundled with the contestants, and run on every runtime.

/** What to time, and for how long. */
export interface RoundsPlan {
  readonly bytes: number;
  readonly wholeHeaders: boolean;
  readonly contestants: readonly ContestantId[];
  /** How long each contestant runs in each round. */
  readonly sliceMs: number;
  /** Rounds go on until this is used up… */
  readonly budgetMs: number;
  /** …but there are at least so many. */
  readonly minRounds: number;
}

/** Microseconds for one message, one number a round; the rounds of all contestants belong together. */
export type RoundTimes = Partial<Record<ContestantId, number[]>>;

/** A contestant's place in its messages. */
interface Runner extends Contestant {
  /** Messages in one slice. */
  count: number;
  /** The next message. */
  next: number;
}

interface TimedRunner extends Runner {
  readonly id: ContestantId;
  readonly times: number[];
}

/** Where results go, so that no engine may leave the work out. */
export const sink: { last: unknown } = { last: undefined };

/** Times all contestants in alternating rounds. */
export async function runRounds(plan: RoundsPlan): Promise<RoundTimes> {
  const messages = await prepareMessages(plan.bytes, plan.wholeHeaders);
  const runners: TimedRunner[] = [];
  for (const id of plan.contestants) {
    const contestant = makeContestant(id);
    if (!contestant) continue;
    // eslint-disable-next-line no-await-in-loop -- one after another
    await checkContestant(id, contestant, messages);
    runners.push({ ...contestant, id, times: [], count: 1, next: 0 });
  }
  await warmUp(runners, messages, plan);
  const end = performance.now() + plan.budgetMs;
  for (let round = 0; round < plan.minRounds || performance.now() < end; round++) {
    // Another one begins each round, so that none always runs in the wake of the same neighbour.
    const order = runners.map((_, index) => runners[(index + round) % runners.length]);
    for (const runner of order) {
      if (!runner) continue;
      const start = performance.now();
      // eslint-disable-next-line no-await-in-loop -- contestants take turns
      await runSlice(runner, messages);
      runner.times.push(((performance.now() - start) * 1000) / runner.count);
    }
  }
  return Object.fromEntries(runners.map(({ id, times }) => [id, times]));
}

/** Twice around, so that each is compiled and its number of messages a slice is known. */
async function warmUp(
  runners: readonly Runner[],
  messages: readonly BenchMessage[],
  plan: RoundsPlan,
): Promise<void> {
  for (const warmMs of [plan.sliceMs * 25, plan.sliceMs * 12]) {
    for (const runner of runners) {
      runner.count = 1;
      const start = performance.now();
      let done = 0;
      while (performance.now() - start < warmMs) {
        // eslint-disable-next-line no-await-in-loop -- contestants take turns
        await runSlice(runner, messages);
        done += runner.count;
        if (runner.count < 64) runner.count *= 2;
      }
      runner.count = Math.max(1, Math.round((done * plan.sliceMs) / (performance.now() - start)));
    }
  }
}

async function runSlice(runner: Runner, messages: readonly BenchMessage[]): Promise<void> {
  const { run, isAsync, count } = runner;
  let index = runner.next;
  for (let done = 0; done < count; done++) {
    const message = messages[index];
    if (message === undefined) throw new Error("There are no messages.");
    // eslint-disable-next-line no-await-in-loop -- deliveries are verified one after another
    sink.last = isAsync ? await run(message) : run(message);
    index = index + 1 === messages.length ? 0 : index + 1;
  }
  runner.next = index;
}

/** Runs a checked contestant by itself: for runtimes whose clock stands still while they work. */
export async function runMany(
  contestant: Contestant,
  messages: readonly BenchMessage[],
  count: number,
): Promise<void> {
  await runSlice({ ...contestant, count, next: 0 }, messages);
}

/** A contestant must take an authentic message and, but for the floors, refuse a changed body. */
export async function checkContestant(
  id: ContestantId,
  { run }: Contestant,
  messages: readonly BenchMessage[],
): Promise<void> {
  const [first] = messages;
  if (!first) throw new Error("There are no messages.");
  if (!(await run(first))) throw new Error(`${id} gave nothing for an authentic message.`);
  if (id === "floor" || id === "hash" || id === "json") return;
  const copy = Uint8Array.from(first.body);
  copy[20] = (copy[20] ?? 0) ^ 1;
  const forged = { ...first, body: isNode ? Buffer.from(copy.buffer) : copy };
  const refused = await Promise.resolve(forged)
    .then(run)
    .then(
      () => false,
      () => true,
    );
  if (!refused) throw new Error(`${id} took a forged message.`);
}
