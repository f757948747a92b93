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
import { toStored } from "./text.ts";
import { transact } from "./transact.ts";

/** The message store: each call is one statement, in a transaction of its own. */
export function createPostgresStore(
  connection: Connection,
  { concurrency, transactional }: { readonly concurrency: number; readonly transactional: boolean },
): MessageStore {
  const { query } = connection;
  return {
    accept: (...args) => accept(connection, ...args),
    claim: (...args) => claim(connection, ...args),
    finish: (ended) => finish(connection, ended),
    ...(transactional && {
      transact: async (run, work) => transact(await connection.poolForRuns(concurrency), run, work),
    }),
    register: () => register(connection),
    renew: (...args) => renew(connection, ...args),
    takeOver: (owner) => takeOver(connection, owner),
    leave: (owner) => leave(connection, owner),
    look: (...args) => look(connection, ...args),
    isActive: (receiver) => isActive(connection, receiver),
    clockSetBack: (byMs) => clockSetBack(connection, byMs),
    counts: () => counts(connection),
    list: (...args) => list(connection, ...args),
    body: (seq) => bodyOf(connection, seq),
    requeue: (seq) => requeue(connection, seq),
    remove: (seq) => remove(connection, seq),
    listDead: (...args) => listDead(connection, ...args),
    replay: (place) => replay(connection, place),
    discard: (place) => discard(connection, place),
    countDead: (filter) => countDead(connection, filter),
    replayOldest: (...args) => replayOldest(connection, ...args),
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
        receivers.map(toStored),
      ]);
    },
    close: () => connection.close(),
  };
}

/** All receivers have the empty name, which no receiver has. */
function named(receiver: string | null): string {
  return receiver === null ? "" : toStored(receiver);
}
