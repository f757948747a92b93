import type { Database } from "./database.ts";
import { fromStored, toStored } from "./text.ts";

/** What there is to do for some receivers. */
export interface Outlook {
  /** Receivers with a message that is due. */
  readonly due: readonly string[];
  readonly hasReplayed: boolean;
  /** Whether a run's lease is over. */
  readonly hasExpired: boolean;
}

/** Looks, at the cost of a few index probes, whether there is anything to do. */
export async function look(database: Database, receivers: readonly string[]): Promise<Outlook> {
  const [row] = await database.transaction(({ query }) =>
    query<{ due: string[]; has_replayed: boolean; has_expired: boolean }>(LOOK, [receivers.map(toStored)]),
  );
  return {
    due: row?.due.map(fromStored) ?? [],
    hasReplayed: row?.has_replayed ?? false,
    hasExpired: row?.has_expired ?? false,
  };
}

const inState = (state: string): string =>
  `EXISTS (SELECT FROM diffio_webhooks.messages m
           WHERE m.state = '${state}' AND m.receiver = r.name AND m.at <= now())`;

const LOOK = `
  SELECT coalesce(array_agg(r.name) FILTER (WHERE ${inState("pending")}), '{}') AS due,
         coalesce(bool_or(${inState("replayed")}), false) AS has_replayed,
         coalesce(bool_or(${inState("running")}), false) AS has_expired
  FROM unnest($1::text[]) AS r (name)`;
