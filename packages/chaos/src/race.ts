import type { InboxEngine, RunningService } from "@diffio-webhooks/contract/inboxes";
import { type Message, deliver, idle, message, messages } from "@diffio-webhooks/contract/inbox-driver";

/** How a race is run. */
export interface RaceOptions {
  readonly engine: InboxEngine;
  readonly ids: number;
  /** Of each id, at once, spread over the processes. */
  readonly copies: number;
  readonly processes: number;
  onId(done: number): void;
}

/** What came of a race. */
export interface RaceReport {
  /** Copies that were answered something else than 200. */
  readonly refused: number;
  /** Ids that did not run exactly once. */
  readonly wrong: readonly { readonly messageId: string; readonly runs: number }[];
}

/** Ids whose copies are on their way at once. */
const IDS_AT_ONCE = 4;

/** Delivers each id in many copies at once, spread over the processes: every id must run once. */
export async function race({ engine, ids, copies, processes, onId }: RaceOptions): Promise<RaceReport> {
  await engine.start?.();
  const store = await engine.createStore();
  try {
    const services: RunningService[] = await Promise.all(
      Array.from({ length: processes }, () => store.start()),
    );
    // Each has opened the store by then: the first one makes its tables, which takes a while on a busy machine.
    for (const service of services) await untilTaken(service);
    const all = messages(ids);
    const waiting = all[Symbol.iterator]();
    let refused = 0;
    let done = 0;
    await Promise.all(
      Array.from({ length: IDS_AT_ONCE }, async () => {
        for (const one of waiting) {
          const taken = await Promise.all(
            Array.from({ length: copies }, (_, copy) => isTaken(services[copy % processes], one)),
          );
          refused += taken.filter((yes) => !yes).length;
          onId(++done);
        }
      }),
    );
    await Promise.all(services.map(idle));
    const runs = new Map<string, number>();
    for (const { what, messageId } of await store.ledger()) {
      if (what === "started") runs.set(messageId, (runs.get(messageId) ?? 0) + 1);
    }
    const wrong = all
      .map(({ messageId }) => ({ messageId, runs: runs.get(messageId) ?? 0 }))
      .filter((one) => one.runs !== 1);
    return { refused, wrong };
  } finally {
    await store.remove();
    await engine.stop?.();
  }
}

/** Whether a delivery is answered 200; a connection that breaks is no answer. */
async function isTaken(service: RunningService | undefined, one: Message): Promise<boolean> {
  if (!service) return false;
  return deliver(service, one).then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** Delivers a message of its own until it is taken, as the sender does. */
async function untilTaken(service: RunningService): Promise<void> {
  const first = message();
  for (let attempt = 1; !(await isTaken(service, first)); attempt++) {
    if (attempt === 5) throw new Error("A service takes no deliveries.");
  }
}
