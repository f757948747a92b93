import type { MessageStore } from "@diffio-webhooks/core/inbox";
import { accept } from "./accept.ts";
import { claim } from "./claim.ts";
import type { Connection } from "./connection.ts";
import { counts } from "./counts.ts";
import { finish } from "./finish.ts";
import { CHANNEL } from "./listener.ts";
import { clockSetBack, isActive, look } from "./look.ts";
import {
  bodyOf,
  countDead,
  discard,
  list,
  listDead,
  remove,
  replay,
  replayOldest,
  requeue,
} from "./messages.ts";
import { leave, register, renew, takeOver } from "./owners.ts";
import { prune } from "./prune.ts";
import { inOrder, repair, subjectsOf, subjectsOfArrivals } from "./serial.ts";
import { toStored } from "./text.ts";
import { transact } from "./transact.ts";

/** What the statements depend on. */
interface PostgresStoreOptions {
  readonly concurrency: number;
  /** Whether messages about one subject run one at a time. */
  readonly isSerial: boolean;
  readonly transactional: boolean;
}

/** The message store: each call is one statement, in a transaction of its own. */
export function createPostgresStore(
  connection: Connection,
  { concurrency, isSerial, transactional }: PostgresStoreOptions,
): MessageStore {
  const { query } = connection;

  /** What was queued by hand, or waits for what has ended. */
  async function letNextOf(seqs: readonly number[]): Promise<void> {
    if (!isSerial || seqs.length === 0) return;
    await inOrder(
      connection,
      (open) => subjectsOf(open, seqs),
      async () => {},
    );
  }

  return {
    accept: (arrivals, lease) =>
      isSerial
        ? inOrder(
            connection,
            async () => subjectsOfArrivals(arrivals),
            (open) => accept(open, arrivals, lease, isSerial),
          )
        : accept(connection, arrivals, lease, isSerial),
    claim: (...args) => claim(connection, ...args),
    finish: (ended) =>
      isSerial
        ? inOrder(
            connection,
            (open) =>
              subjectsOf(
                open,
                ended.map(({ seq }) => seq),
              ),
            (open) => finish(open, ended),
          )
        : finish(connection, ended),
    ...(transactional && {
      async transact(run, work) {
        const isCommitted = await transact(await connection.poolForRuns(concurrency), run, work);
        await letNextOf([run.seq]);
        return isCommitted;
      },
    }),
    async register() {
      await repair(connection, isSerial);
      return register(connection);
    },
    renew: (...args) => renew(connection, ...args),
    takeOver: (owner) => takeOver(connection, owner),
    leave: (owner) => leave(connection, owner),
    look: (...args) => look(connection, ...args),
    isActive: (receiver) => isActive(connection, receiver),
    clockSetBack: (byMs) => clockSetBack(connection, byMs),
    counts: () => counts(connection),
    list: (...args) => list(connection, ...args),
    body: (seq) => bodyOf(connection, seq),
    async requeue(seq) {
      const isThere = await requeue(connection, seq, isSerial);
      await letNextOf([seq]);
      return isThere;
    },
    async remove(seq) {
      const isThere = await remove(connection, seq);
      await letNextOf([seq]);
      return isThere;
    },
    listDead: (...args) => listDead(connection, ...args),
    async replay(place) {
      const isDead = await replay(connection, place, isSerial);
      await letNextOf([place.seq]);
      return isDead;
    },
    discard: (place) => discard(connection, place),
    countDead: (filter) => countDead(connection, filter),
    async replayOldest(...args) {
      const seqs = await replayOldest(connection, ...args, isSerial);
      await letNextOf(seqs);
      return seqs.length;
    },
    async pause(receiver) {
      await query("INSERT INTO diffio_webhooks.paused VALUES ($1) ON CONFLICT DO NOTHING", [named(receiver)]);
    },
    async resume(receiver) {
      if (receiver === null) await query("DELETE FROM diffio_webhooks.paused");
      else await query("DELETE FROM diffio_webhooks.paused WHERE receiver = $1", [named(receiver)]);
    },
    prune: (...args) => prune(connection, ...args),
    watch: (onWork) => connection.watch(onWork),
    async notify(receivers) {
      await query(`SELECT pg_notify('${CHANNEL}', name) FROM unnest($1::text[]) AS r (name)`, [
        receivers.map(named),
      ]);
    },
    close: () => connection.close(),
  };
}

/** All receivers have the empty name, which no receiver has. */
function named(receiver: string | null): string {
  return receiver === null ? "" : toStored(receiver);
}
