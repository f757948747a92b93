import type { DeadLetter, DeadLetters } from "@diffio-webhooks/core";
import { checkPage, deadLetterNotFound, unknownPage } from "@diffio-webhooks/core/inbox";
import { Job } from "bullmq";
import { requeueDead } from "./claim.ts";
import { type MessageData, deathOf, messageIdOf, storedBody } from "./messages.ts";
import { runScript } from "./scripts.ts";
import type { ReceiverQueue, Store } from "./store.ts";

const REPLAYED_AT_ONCE = 100;

/** Where a dead letter stands in the list: newest first, then by queue and job. */
interface Position {
  readonly diedAt: number;
  readonly queue: string;
  readonly jobId: string;
}

/** Asks the store, and tells its failures as what they are. */
export type Ask = <Value>(work: (store: Store) => Promise<Value>) => Promise<Value>;

/** Works on the dead letters. */
export function deadLettersOf(ask: Ask): DeadLetters {
  /** Finds the queue that an id names. When it died does not matter: it may have died again since. */
  async function find(store: Store, id: string): Promise<{ queue: ReceiverQueue; jobId: string }> {
    const position = typeof id === "string" ? positionOf(id) : undefined;
    const queues = position ? await store.knownQueues() : [];
    const queue = queues.find(({ queue: { name } }) => name === position?.queue);
    if (!position || !queue) throw deadLetterNotFound(id);
    return { queue, jobId: position.jobId };
  }

  async function list(store: Store, limit: number, after: Position | undefined): Promise<DeadLetter[]> {
    const queues = await store.knownQueues();
    const letters: DeadLetter[] = [];
    let from = after;
    // What was replayed between the look at the sets and the look at the jobs is made up for.
    while (letters.length < limit) {
      const found = await positions(queues, limit - letters.length, from);
      if (found.length === 0) break;
      const read = await Promise.all(found.map(([queue, position]) => readLetter(queue, position)));
      letters.push(...read.filter((letter) => letter !== undefined));
      from = found.at(-1)?.[1];
    }
    return letters;
  }

  return {
    async list(options) {
      const { limit, after } = checkPage(options);
      const position = after === undefined ? undefined : positionOf(after);
      if (after !== undefined && !position) throw unknownPage();
      return ask((store) => list(store, limit, position));
    },
    replay: (id) =>
      ask(async (store) => {
        const { queue, jobId } = await find(store, id);
        if (!(await requeueDead(queue, jobId))) throw deadLetterNotFound(id);
      }),
    discard: (id) =>
      ask(async (store) => {
        const { queue, jobId } = await find(store, id);
        const keys = [queue.key("failed"), queue.key("discarded")];
        const discarded = await runScript(queue.client, "diffioDiscard", ...keys, jobId, Date.now());
        if (discarded === 0) throw deadLetterNotFound(id);
      }),
    async replayAll({ onProgress } = {}) {
      const dead = await ask(async (store) => positions(await store.knownQueues(), Infinity));
      let replayed = 0;
      for (let from = 0; from < dead.length; from += REPLAYED_AT_ONCE) {
        const batch = dead.slice(from, from + REPLAYED_AT_ONCE);
        const queued = await ask(() =>
          Promise.all(batch.map(([queue, { jobId }]) => requeueDead(queue, jobId))),
        );
        replayed += queued.filter(Boolean).length;
        onProgress?.({ replayed, total: dead.length });
      }
      return replayed;
    },
  };
}

/** The next positions, of all queues together. */
async function positions(
  queues: readonly ReceiverQueue[],
  limit: number,
  after?: Position,
): Promise<(readonly [ReceiverQueue, Position])[]> {
  const found = await Promise.all(
    queues.map(async (queue) => {
      const nexts = await nextPositions(queue, limit, after);
      return nexts.map((position) => [queue, position] as const);
    }),
  );
  return found
    .flat()
    .toSorted(([, a], [, b]) => compare(a, b))
    .slice(0, limit);
}

async function nextPositions(queue: ReceiverQueue, limit: number, after?: Position): Promise<Position[]> {
  const found: Position[] = [];
  // Those of the same millisecond as the last one before may stand on either side of it.
  for (let skipped = 0; found.length < limit;) {
    const page = await queue.client.zrevrangebyscore(
      queue.key("failed"),
      after?.diedAt ?? "+inf",
      "-inf",
      "WITHSCORES",
      "LIMIT",
      skipped,
      Math.min(limit, 1000),
    );
    for (let index = 0; index < page.length; index += 2) {
      const [jobId = "", diedAt] = page.slice(index, index + 2);
      const position = { diedAt: Number(diedAt), queue: queue.queue.name, jobId };
      if (!after || compare(after, position) < 0) found.push(position);
    }
    if (page.length === 0) break;
    skipped += page.length / 2;
  }
  return found;
}

/** Within a queue, as Redis has it. */
function compare(a: Position, b: Position): number {
  if (a.diedAt !== b.diedAt) return b.diedAt - a.diedAt;
  if (a.queue !== b.queue) return a.queue > b.queue ? -1 : 1;
  if (a.jobId !== b.jobId) return a.jobId > b.jobId ? -1 : 1;
  return 0;
}

async function readLetter(queue: ReceiverQueue, position: Position): Promise<DeadLetter | undefined> {
  const job = await Job.fromId<MessageData>(queue.queue, position.jobId);
  if (job?.finishedOn === undefined) return undefined;
  const { eventType } = job.data;
  return {
    id: [position.diedAt, position.queue, position.jobId].join(":"),
    messageId: messageIdOf(position.jobId),
    receiver: queue.receiver,
    ...(eventType !== undefined && { eventType }),
    rawBody: storedBody(job.data),
    ...deathOf(job.failedReason),
    receivedAt: new Date(job.timestamp),
    diedAt: new Date(job.finishedOn),
  };
}

function positionOf(id: string): Position | undefined {
  const [, diedAt, queue, jobId] = /^(\d{1,15}):([^:]+):(m_[A-Za-z0-9_-]{1,128})$/.exec(id) ?? [];
  if (diedAt === undefined || queue === undefined || jobId === undefined) return undefined;
  return { diedAt: Number(diedAt), queue, jobId };
}
