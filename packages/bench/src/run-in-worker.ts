import { type BenchMessage, type Contestant, makeContestant, prepareMessages } from "./contestants.ts";
import type { ContestantId } from "./contestant-names.ts";
import { checkContestant, runMany } from "./rounds.ts";

// The entry on workerd.

/** One batch, timed from outside: the clock of a Worker stands still while it computes. */
export interface WorkerBatch {
  readonly bytes: number;
  readonly contestant: ContestantId;
  /** How many messages; 0 is an empty request. */
  readonly count: number;
}

const messagesBySize = new Map<number, BenchMessage[]>();
const contestants = new Map<ContestantId, Contestant>();

export default {
  async fetch(request: Request): Promise<Response> {
    const { bytes, contestant: id, count } = (await request.json()) as WorkerBatch;
    const messages = messagesBySize.get(bytes) ?? (await prepareMessages(bytes, false));
    messagesBySize.set(bytes, messages);
    let contestant = contestants.get(id);
    if (!contestant) {
      contestant = makeContestant(id);
      if (!contestant) return new Response(`${id} cannot run here.`, { status: 501 });
      await checkContestant(id, contestant, messages);
      contestants.set(id, contestant);
    }
    await runMany(contestant, messages, count);
    return new Response("done");
  },
};
