import type { LedgerEntry } from "@diffio-webhooks/contract/inbox-service/ledger";

/** A process that was killed, and when. */
export interface Kill {
  readonly pid: number;
  /** In milliseconds since the epoch. */
  readonly at: number;
  /** Messages that were committed as done by then, as far as the engine can be asked. */
  readonly done: ReadonlySet<string>;
}

/** What became of the messages of a campaign. */
export interface Verdict {
  /** Messages that were answered 200. */
  readonly acknowledged: number;
  /** Acknowledged, and their effect never came: the promise is broken. */
  readonly lost: readonly string[];
  /** Runs that a kill cut off before their effect. */
  readonly cutOff: number;
  /** Messages whose effect came again, since a kill hit the run between its effect and its being done. */
  readonly repeated: number;
  /** Messages whose effect came again though no kill had hit their run: a fault. */
  readonly unexplained: readonly Unexplained[];
}

/** A message whose effect came again without reason. */
export interface Unexplained {
  readonly messageId: string;
  /** How long after each effect but the last its process was killed, in milliseconds; null where it was not. */
  readonly killedAfterMs: readonly (number | null)[];
  /** Whether it was committed as done when a kill came, and ran all the same. */
  readonly wasDone: boolean;
}

/**
 * "Done" is committed within a second of a run's end; a kill within that time may repeat the run, if the engine did not have
 * it as done yet.
 */
const DONE_WITHIN_MS = 1000;

/**
 * Holds the 200s against the effects, each kept outside of the process that was killed.
 *
 * @param acknowledged the ids that were answered 200.
 * @param ledger what the services did, in order.
 * @param kills the processes that were killed, in order.
 */
export function judge(
  acknowledged: ReadonlySet<string>,
  ledger: readonly LedgerEntry[],
  kills: readonly Kill[],
): Verdict {
  const killsByPid = Map.groupBy(kills, ({ pid }) => pid);
  const starts = new Map<string, number>();
  const effects = new Map<string, { pid: number; at: number }[]>();
  for (const entry of ledger) {
    const { messageId } = entry;
    if (entry.what === "started") starts.set(messageId, (starts.get(messageId) ?? 0) + 1);
    if (entry.what === "ended") effects.set(messageId, [...(effects.get(messageId) ?? []), entry]);
  }
  const lost = Array.from(acknowledged).filter((id) => !effects.has(id));
  let cutOff = 0;
  for (const [id, started] of starts) cutOff += started - (effects.get(id)?.length ?? 0);
  let repeated = 0;
  const unexplained: Unexplained[] = [];
  for (const [id, all] of effects) {
    if (all.length === 1) continue;
    // The next one: in a long campaign the system gives a number to several processes, one after another.
    const killsAfter = all
      .slice(0, -1)
      .map(({ pid, at }) => killsByPid.get(pid)?.find((kill) => kill.at >= at));
    const killedAfterMs = killsAfter.map((kill, index) => (kill ? kill.at - (all[index]?.at ?? 0) : null));
    // Whatever was done when any kill came, never runs again.
    const last = all.at(-1)?.at ?? 0;
    const wasDone = kills.some(({ done, at }) => done.has(id) && at < last);
    if (!wasDone && killedAfterMs.every((ms) => ms !== null && ms <= DONE_WITHIN_MS)) repeated += 1;
    else unexplained.push({ messageId: id, killedAfterMs, wasDone });
  }
  return { acknowledged: acknowledged.size, lost, cutOff, repeated, unexplained };
}
