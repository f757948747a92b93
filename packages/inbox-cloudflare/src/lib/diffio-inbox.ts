import { DurableObject } from "cloudflare:workers";
import type { InboxCounts } from "@diffio-webhooks/core";
import { AlarmClock } from "./alarm-clock.ts";
import { DeadLetterTable } from "./dead-letter-table.ts";
import { MessageTable } from "./message-table.ts";
import type {
  DeadLetterPart,
  InboxObject,
  Lease,
  LeaseHolder,
  LeaseRequest,
  ObjectAcceptance,
  ObjectSettings,
  ReplayPlan,
  RunEnd,
  StoredMessage,
} from "./object-protocol.ts";
import { createOutbox } from "./outbox.ts";
import { Pruning, firstPruneAfter } from "./pruning.ts";
import { toQueueMessage } from "./queue-message.ts";
import { openStorage } from "./schema.ts";
import { Settings } from "./settings.ts";

/** What one alarm wakes, and one step of a `replayAll` replays: what the queue takes in one call. */
const STEP = 100;
/** After a queue message was not taken, or an alarm failed. */
const RETRY_MS = 5000;
const MAX_LOST_MS = 3_600_000;

interface QueueProducer {
  sendBatch(messages: { body: unknown; contentType: "json" }[]): Promise<unknown>;
}

/**
 * The Durable Object that keeps the messages of a `cloudflareInbox`: export it from your Worker, and name it in
 * `wrangler.jsonc`. Its methods are for `cloudflareInbox`, and may change with any version.
 *
 * It runs in one place and one thread, so each method decides by itself, up to its first `await`; and what it writes is
 * on disk before anything leaves it: an answer, or a queue message.
 */
export class DiffioInbox extends DurableObject implements InboxObject {
  readonly #storage = openStorage(this.ctx.storage);
  readonly #settings = new Settings(this.#storage.sql);
  readonly #messages = new MessageTable(this.#storage);
  readonly #deadLetters = new DeadLetterTable(this.#storage.sql);
  readonly #pruning = new Pruning(this.#storage.sql);
  readonly #alarm = new AlarmClock(this.#storage, () => [
    this.#messages.nextWake(),
    this.#pruning.next(this.#settings.now),
  ]);
  readonly #outbox = createOutbox((ids) =>
    this.#queue().sendBatch(ids.map((id) => ({ body: toQueueMessage(id), contentType: "json" }))),
  );

  async accept(settings: ObjectSettings, message: StoredMessage): Promise<ObjectAcceptance> {
    this.#settings.keep(settings);
    const now = Date.now();
    const lostAt = now + this.#lostAfter(1);
    const known = this.#messages.findByMessageId(message.receiver, message.messageId);
    let id = known?.id ?? 0;
    if (!known) id = this.#messages.addPending(message, now, lostAt);
    else if (known.state === "dead") this.#messages.revive(id, message, now, lostAt);
    // A copy whose first is on its way to the queue shares its answer; one that the queue did not take is sent again.
    else if (known.state !== "pending" || known.runs > 0) return { duplicate: true };
    else if (!known.queued) this.#messages.queue(id, lostAt);
    else if (!this.#outbox.isSending(id)) return { duplicate: true };
    this.#alarm.by(lostAt);
    const notQueued = await this.#send(id);
    return { duplicate: known !== undefined && known.state !== "dead", notQueued };
  }

  async acceptInvalid(
    settings: ObjectSettings,
    message: StoredMessage,
    error: string,
  ): Promise<ObjectAcceptance> {
    this.#settings.keep(settings);
    if (this.#messages.findByMessageId(message.receiver, message.messageId)) return { duplicate: true };
    const now = Date.now();
    this.#messages.addDead(message, now, { reason: "invalid_payload", error });
    this.#alarm.by(now + firstPruneAfter(this.#settings.now));
    return { duplicate: false };
  }

  async lease(settings: ObjectSettings, { id, token, receivers, maxRuns }: LeaseRequest): Promise<Lease> {
    this.#settings.keep(settings);
    const now = Date.now();
    const known = this.#messages.findById(id);
    if (!known) return { status: "not-due" };
    if (!receivers.includes(known.receiver)) return { status: "other-receiver", receiver: known.receiver };
    if (known.state === "running" && known.token === token) {
      return { status: "leased", message: this.#messages.load(id), run: known.runs, takenOver: false };
    }
    const takenOver = known.state === "running" && (known.queued || known.wakeAt <= now);
    if (!takenOver && !(known.state === "pending" && known.queued)) return { status: "not-due" };
    if (takenOver && known.runs >= maxRuns) {
      const error = `The process died during run ${known.runs}.`;
      this.#messages.die(id, now, { reason: "run_interrupted", error });
      this.#alarm.by(now + firstPruneAfter(this.#settings.now));
      return { status: "died", message: this.#messages.load(id), run: known.runs };
    }
    const run = known.runs + 1;
    const until = now + this.#settings.now.leaseInSeconds * 1000;
    this.#messages.lease({ id, token }, run, until);
    this.#alarm.by(until);
    return { status: "leased", message: this.#messages.load(id), run, takenOver };
  }

  async renew(holders: readonly LeaseHolder[]): Promise<string[]> {
    const until = Date.now() + this.#settings.now.leaseInSeconds * 1000;
    return holders.filter((holder) => this.#messages.renew(holder, until)).map(({ token }) => token);
  }

  async end(holder: LeaseHolder, end: RunEnd): Promise<boolean> {
    const now = Date.now();
    if (this.#messages.end(holder, end, now)) {
      const isPending = end.state === "pending";
      this.#alarm.by(now + (isPending ? end.delayInSeconds * 1000 : firstPruneAfter(this.#settings.now)));
      return true;
    }
    // Told twice, since the first answer was lost.
    const known = this.#messages.findById(holder.id);
    return known?.token === holder.token && known.state === end.state;
  }

  async isIdle(receiver: string): Promise<boolean> {
    return this.#messages.isIdle(receiver);
  }

  async counts(): Promise<InboxCounts> {
    return this.#messages.counts(Date.now());
  }

  async listDead(limit: number, after: string | undefined): Promise<DeadLetterPart> {
    return this.#deadLetters.list(limit, after);
  }

  async replay(handle: string): Promise<boolean> {
    const id = this.#deadLetters.find(handle);
    if (id === undefined) return false;
    await this.#restart([id]);
    return true;
  }

  async discard(handle: string): Promise<boolean> {
    const id = this.#deadLetters.find(handle);
    if (id === undefined) return false;
    this.#deadLetters.discard(id, Date.now());
    return true;
  }

  async planReplay(): Promise<ReplayPlan> {
    return this.#deadLetters.plan(Date.now());
  }

  async replaySome(plan: ReplayPlan): Promise<number> {
    const ids = this.#deadLetters.next(plan, STEP);
    await this.#restart(ids);
    return ids.length;
  }

  /**
   * Queues what is due, what the queue has lost and what a dead run has left, and prunes. It must not fail: after some
   * retries it would not be called again.
   */
  async alarm(): Promise<void> {
    this.#alarm.rang();
    try {
      const now = Date.now();
      const woken = this.#messages.wake(now, STEP, (sends) => now + this.#lostAfter(sends));
      this.#pruning.prune(this.#settings.now, now);
      this.#alarm.set();
      await Promise.all(woken.map((id) => this.#send(id)));
    } catch (error) {
      console.error("[diffio-webhooks] the inbox's alarm failed, and is tried again:", error);
      this.#alarm.by(Date.now() + RETRY_MS);
    }
  }

  /** The dead ones stay queued even where the queue does not take them now: the alarm tries again. */
  async #restart(ids: readonly number[]): Promise<void> {
    const lostAt = Date.now() + this.#lostAfter(1);
    for (const id of ids) this.#messages.restart(id, lostAt);
    this.#alarm.by(lostAt);
    await Promise.all(ids.map((id) => this.#send(id)));
  }

  async #send(id: number): Promise<string | undefined> {
    const problem = await this.#outbox.send(id);
    if (problem !== undefined) {
      const retryAt = Date.now() + RETRY_MS;
      this.#messages.notQueued(id, retryAt);
      this.#alarm.by(retryAt);
    }
    return problem;
  }

  #queue(): QueueProducer {
    const { queue } = this.#settings.now;
    const binding = (this.env as Record<string, unknown>)[queue];
    if (typeof binding === "object" && binding !== null && "sendBatch" in binding) {
      return binding as QueueProducer;
    }
    throw new Error(`The binding ${queue} is no queue: add it to queues.producers in wrangler.jsonc.`);
  }

  /** How long a queue message may take before it is taken as lost: a copy does no harm, but costs. */
  #lostAfter(sends: number): number {
    return Math.min(this.#settings.now.leaseInSeconds * 1000 * 2 ** (sends - 1), MAX_LOST_MS);
  }
}
