import { type HandlerContext, WebhookError } from "@diffio-webhooks/core";
import type { Lease } from "@diffio-webhooks/core/inbox";
import { FINISH, finishValues } from "./finish.ts";
import { withClient } from "./pool.ts";
import type { ExistingPool, ExistingPoolClient } from "./pool-types.ts";

/** What ends a transaction, or begins one inside it. Savepoints are the callback's own. */
const CONTROL =
  /^\s*(?:BEGIN|START\s+TRANSACTION|COMMIT|END|ABORT|PREPARE\s+TRANSACTION|ROLLBACK(?!\s+(?:WORK\s+|TRANSACTION\s+)?TO))\b/i;

/** A run that has not succeeded: nothing of it is committed. */
class NotCommitted extends Error {}

/**
 * Calls back inside a transaction, and writes "done" in it.
 *
 * @returns whether it was committed.
 */
export async function transact(
  pool: ExistingPool,
  { seq, lease }: { readonly seq: number; readonly lease: Lease },
  work: (transaction: ExistingPoolClient) => Promise<boolean>,
): Promise<boolean> {
  try {
    await withClient(pool, async (client) => {
      const lent = lend(client);
      try {
        await client.query({ text: "BEGIN ISOLATION LEVEL READ COMMITTED" });
        if (!(await work(lent.client))) throw new NotCommitted();
      } finally {
        lent.takeBack();
      }
      const { rows } = await client.query({
        text: FINISH,
        values: finishValues([{ seq, lease, ending: { to: "done" } }]),
      });
      if (rows.length === 0) throw new NotCommitted();
      await client.query({ text: "COMMIT" });
    });
    return true;
  } catch (error) {
    // `withClient` has closed the connection: the server rolls back, and a callback that goes on has nothing to write to.
    if (error instanceof NotCommitted) return false;
    throw error;
  }
}

/** The client as a callback gets it: for as long as its run lasts, and without a way out of the transaction. */
function lend(client: ExistingPoolClient): { client: ExistingPoolClient; takeBack(): void } {
  let isOver = false;
  function check(statement: unknown): void {
    if (isOver) throw new Error("The run that this transaction belongs to has ended.");
    const text = typeof statement === "string" ? statement : (statement as { text?: unknown } | null)?.text;
    if (typeof text !== "string" || !CONTROL.test(text)) return;
    throw new WebhookError("invalid_option", "A callback may not begin or end the transaction of its run.", {
      hint: "It is committed when the callback succeeds, and rolled back when it throws. Use SAVEPOINT for a part of it.",
    });
  }
  return {
    client: new Proxy(client, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name === "release") return () => {};
        if (name !== "query" || typeof value !== "function") return value;
        return (...args: unknown[]) => {
          check(args[0]);
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    }),
    takeBack() {
      isOver = true;
    },
  };
}

/**
 * The client of a callback's transaction: what is written with it is committed together with the message's "done", or not
 * at all. It is a `PoolClient` of `pg`.
 *
 * @throws WebhookError `invalid_option` without `transactional: true`.
 */
// The type of the caller's own pg: this package names none.
// eslint-disable-next-line typescript/no-unnecessary-type-parameters
export function transactionOf<Client = ExistingPoolClient>(
  context: Pick<HandlerContext, "transaction">,
): Client {
  if (context.transaction !== undefined) return context.transaction as Client;
  throw new WebhookError("invalid_option", "This run has no transaction.", {
    hint: "Make the inbox with postgresInbox({ transactional: true, … }).",
  });
}
