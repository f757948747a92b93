import { randomUUID } from "node:crypto";
import type { Acceptance, AcceptedMessage } from "@diffio-webhooks/core";
import { statementOf } from "./boss.ts";
import type { Connection } from "./connection.ts";
import type { LocalMessages } from "./local-messages.ts";
import { IN_LOCK_ORDER } from "./message-row.ts";
import type { Place } from "./place.ts";
import { toStored } from "./text.ts";
import { unavailable } from "./unavailable.ts";
import { within } from "./within.ts";

/** A message on its way into the database. */
interface Arrival {
  readonly message: AcceptedMessage;
  readonly jobId: string;
  /** Whether nobody waits any more: the sender was told to come again. */
  late: boolean;
  settle(found: Acceptance): void;
  fail(error: unknown): void;
  /** Others of the same id that came together with it. */
  readonly copies: Arrival[];
  /** Where it runs at once: it is stored with its lease. */
  place?: Place | undefined;
}

interface AcceptorParts {
  readonly connection: Connection;
  readonly local: LocalMessages;
  readonly leaseInSeconds: number;
  /** Holds a place for a run in this process, where one is free. */
  readonly hold: (receiver: string) => Place | undefined;
  /** Told of each receiver for which something waits. */
  readonly onWaiting: (receiver: string) => void;
}

/** What takes messages. */
export interface Acceptor {
  /** Resolves once the message and its job are committed, or found to be there. */
  accept(message: AcceptedMessage): Promise<Acceptance>;
  /** Resolves when nothing is on its way. */
  drained(): Promise<void>;
}

/** The receiver gives up after 8 s: before it, so that our error tells why. */
const ACCEPT_SECONDS = 7;
/** What one transaction takes at most. */
const MAX_MESSAGES = 500;
const MAX_BYTES = 8 * 1024 * 1024;

const DUPLICATE: Acceptance = { duplicate: true };
const NEW: Acceptance = { duplicate: false };

/**
 * Commits messages that come together in one transaction: while it is under way, those that follow gather for the
 * next.
 */
export function createAcceptor({
  connection,
  local,
  leaseInSeconds,
  hold,
  onWaiting,
}: AcceptorParts): Acceptor {
  let arrivals: Arrival[] = [];
  let storing: Promise<void> | undefined;

  async function storeAll(): Promise<void> {
    while (arrivals.length > 0) {
      const batch = takeBatch();
      try {
        const stored = await store(batch);
        for (const arrival of batch) finish(arrival, stored.has(arrival.jobId));
        const spare = batch.filter(({ jobId }) => !stored.has(jobId));
        // One that stays behind calls for nothing, and is deleted when it is taken.
        if (spare.length > 0) await removeJobs(connection, spare).catch(() => {});
      } catch (error) {
        connection.failed(error);
        for (const { jobId, message, place, fail, copies } of batch) {
          local.take(jobId);
          // It may have been committed all the same, with a lease that nobody would hold.
          place?.giveUp(jobId, message.messageId);
          for (const one of [fail, ...copies.map((copy) => copy.fail)]) one(error);
        }
      }
    }
  }

  /**
   * Commits what is new with its jobs; resolves with the ids of those jobs. Copies of what is known get a job as well,
   * which calls for nothing: so nothing waits for the answer of anything else, and all goes in one round trip.
   */
  async function store(batch: readonly Arrival[]): Promise<ReadonlySet<string>> {
    const { database, boss, queuesOf } = await connection.queues();
    const queues = await queuesOf(batch.map(({ message }) => message));
    for (const arrival of batch) {
      arrival.place = hold(arrival.message.receiver);
      if (!arrival.place) local.keep(arrival.jobId, arrival.message);
    }
    const byReceiver = Map.groupBy(batch, ({ message }) => message.receiver);
    const jobs = Array.from(byReceiver, ([receiver, own]) =>
      statementOf(
        boss,
        queues.get(receiver) ?? "",
        // One that runs here has a job for the case that this process dies.
        own.map(({ message: { messageId }, jobId, place }) => ({
          id: jobId,
          data: { messageId },
          ...(place && { startAfter: leaseInSeconds }),
        })),
      ),
    );
    const [rows = []] = await database.batch([
      { text: INSERT, values: insertValues(batch, leaseInSeconds) },
      ...(await Promise.all(jobs)),
    ]);
    return new Set(rows.map((row) => String(row["job_id"])));
  }

  function finish({ message, jobId, place, settle, copies }: Arrival, isNew: boolean): void {
    if (isNew && !place) onWaiting(message.receiver);
    else if (isNew) place?.run(jobId, message);
    else if (place) place.free();
    else local.take(jobId);
    settle(isNew ? NEW : DUPLICATE);
    for (const copy of copies) copy.settle(DUPLICATE);
  }

  /** One of each id. */
  function takeBatch(): Arrival[] {
    const batch = new Map<string, Arrival>();
    let bytes = 0;
    let taken = 0;
    for (const arrival of arrivals) {
      const { receiver, messageId, rawBody } = arrival.message;
      if (taken > 0 && (taken >= MAX_MESSAGES || bytes + rawBody.byteLength > MAX_BYTES)) break;
      taken += 1;
      if (arrival.late) continue;
      const key = `${messageId} ${receiver}`;
      const first = batch.get(key);
      if (first) {
        first.copies.push(arrival);
      } else {
        batch.set(key, arrival);
        bytes += rawBody.byteLength;
      }
    }
    arrivals = arrivals.slice(taken);
    return [...batch.values()];
  }

  return {
    accept(message) {
      let arrival: Arrival | undefined;
      const stored = new Promise<Acceptance>((settle, fail) => {
        arrival = { message, jobId: randomUUID(), late: false, settle, fail, copies: [] };
        arrivals.push(arrival);
      });
      storing ??= storeAll().finally(() => {
        storing = undefined;
      });
      return within(stored, ACCEPT_SECONDS, "The message was not committed").catch((error: unknown) => {
        if (arrival) arrival.late = true;
        throw unavailable(error);
      });
    },
    async drained() {
      await storing;
    },
  };
}

async function removeJobs(connection: Connection, spare: readonly Arrival[]): Promise<void> {
  const { database, boss, queuesOf } = await connection.queues();
  const queues = await queuesOf(spare.map(({ message }) => message));
  await database.transaction(async ({ db }) => {
    for (const [receiver, arrivals] of Map.groupBy(spare, ({ message }) => message.receiver)) {
      await boss.deleteJob(
        queues.get(receiver) ?? "",
        arrivals.map(({ jobId }) => jobId),
        { db },
      );
    }
  });
}

/** A dead message that comes again is as good as new; one in any other state stays as it is. */
const INSERT = `
  INSERT INTO diffio_webhooks.messages AS m
    (receiver, message_id, state, at, run, job_id, received_at, signed_at, event_type, secret_name, body)
  SELECT receiver, message_id, CASE WHEN lease IS NULL THEN 'pending' ELSE 'running' END,
         now() + coalesce(lease, 0) * interval '1 second', 1, job_id, now(), signed_at, event_type, secret_name,
         substring($1::bytea FROM first_byte FOR bytes)
  FROM unnest($2::text[], $3::text[], $4::uuid[], $5::timestamptz[], $6::text[], $7::text[], $8::int[], $9::int[],
              $10::float8[])
    AS d (receiver, message_id, job_id, signed_at, event_type, secret_name, first_byte, bytes, lease)
  ${IN_LOCK_ORDER}
  ON CONFLICT (receiver, message_id) DO UPDATE
  SET state = excluded.state, at = excluded.at, run = excluded.run, job_id = excluded.job_id,
      received_at = excluded.received_at, signed_at = excluded.signed_at, event_type = excluded.event_type,
      secret_name = excluded.secret_name, body = excluded.body, reason = NULL, error = NULL
  WHERE m.state = 'dead'
  RETURNING job_id`;

/** All bodies go as one value, which the driver sends as it is: an array of them would go as text, twice as long. */
function insertValues(batch: readonly Arrival[], leaseInSeconds: number): unknown[] {
  let next = 1;
  const firstBytes = batch.map(({ message: { rawBody } }) => {
    const first = next;
    next += rawBody.byteLength;
    return first;
  });
  const messages = batch.map(({ message }) => message);
  return [
    Buffer.concat(messages.map(({ rawBody }) => rawBody)),
    messages.map(({ receiver }) => toStored(receiver)),
    messages.map(({ messageId }) => messageId),
    batch.map(({ jobId }) => jobId),
    messages.map(({ timestamp }) => timestamp.toISOString()),
    messages.map(({ eventType }) => (eventType === undefined ? null : toStored(eventType))),
    messages.map(({ secretName }) => (secretName === undefined ? null : toStored(secretName))),
    firstBytes,
    messages.map(({ rawBody }) => rawBody.byteLength),
    batch.map(({ place }) => (place ? leaseInSeconds : null)),
  ];
}
