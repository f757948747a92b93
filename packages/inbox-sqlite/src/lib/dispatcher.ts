import type { Acceptance, AcceptedMessage, AttachedReceiver, InboxAttachment } from "@diffio-webhooks/core";
import {
  type CheckedDurableInboxOptions,
  clearInterval,
  clearTimeout,
  setTimeout,
  nameTaken,
} from "@diffio-webhooks/core/inbox";
import { KeptMessages } from "./kept-messages.ts";
import type { Lease, LeasedMessage, Operations } from "./operations.ts";
import { Outage } from "./outage.ts";
import { startPruning } from "./pruning.ts";
import { ReceiverAtWork } from "./receiver-at-work.ts";
import type { StoreClient } from "./store-client.ts";
import { fromStored, toStored } from "./stored-message.ts";
import { nextTurn } from "./waiting.ts";

/** How soon a message is seen that another process has left, retried or replayed. */
const POLL_MS = 1000;
const IDLE_POLL_MS = 100;

/** What runs which message when, in this process. */
export interface Dispatcher {
  accept(message: AcceptedMessage): Promise<Acceptance>;
  attach(receiver: AttachedReceiver): InboxAttachment;
  /** Looks for messages now: there may be some to run. */
  look(this: void): void;
  /** The leases of the runs that go on here. */
  leases(): readonly Lease[];
  /** Leases that have passed to another process. */
  lose(leases: readonly Lease[]): void;
  /** Closes all receivers, then lets go of the database. */
  close(): Promise<void>;
}

/** Makes the dispatcher. */
export function createDispatcher(store: StoreClient, options: CheckedDurableInboxOptions): Dispatcher {
  const receivers = new Map<string, ReceiverAtWork>();
  const kept = new KeptMessages();
  const outage = new Outage();
  /** Room for runs; below 0 after an answer that came late. */
  let free = options.concurrency;
  /** Whether the database may hold messages that are due. */
  let backlog = false;
  let taking = false;
  let nextDueAt = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let pruning: NodeJS.Timeout | undefined;

  const openNames = (): string[] =>
    Array.from(receivers.values())
      .filter(({ closing }) => !closing)
      .map(({ name }) => name);

  async function accept(message: AcceptedMessage): Promise<Acceptance> {
    const here = receivers.get(message.receiver);
    // Those that wait already come first.
    const lease = here !== undefined && !here.closing && free > 0 && !backlog;
    if (lease) free -= 1;
    try {
      const answer = await store.send(
        "accept",
        { ...toStored(message), lease },
        {
          onLate(late) {
            if (lease) free -= 1;
            accepted(late);
          },
        },
      );
      accepted(answer);
      return { duplicate: answer.duplicate };
    } catch (error) {
      if (lease) release();
      throw error;
    }

    function accepted({ duplicate, seq, token }: Operations["accept"]["answer"]): void {
      if (here && token !== null) return void here.start({ seq, token }, message, 1);
      if (lease) release();
      if (duplicate || !here || here.closing) return;
      kept.keep(seq, message);
      due();
    }
  }

  function release(): void {
    free += 1;
    if (backlog) void take();
  }

  function due(): void {
    backlog = true;
    void take();
  }

  /** Leases messages for as long as there are some, and room for them. */
  async function take(): Promise<void> {
    if (taking) return;
    taking = true;
    try {
      while (backlog && free > 0) {
        await nextTurn();
        const names = openNames();
        if (names.length === 0) return;
        await takeSome(names, free);
      }
    } catch (error) {
      // Tried again at the next poll.
      outage.failed(error);
    } finally {
      taking = false;
    }
  }

  async function takeSome(names: readonly string[], limit: number): Promise<void> {
    free -= limit;
    backlog = false;
    try {
      taken(
        await store.send(
          "lease",
          { receivers: names, limit },
          {
            onLate(late) {
              free -= limit;
              taken(late);
            },
          },
        ),
      );
      outage.over();
    } catch (error) {
      free += limit;
      backlog = true;
      throw error;
    }

    function taken({ leased, more, nextDueAt: at }: Operations["lease"]["answer"]): void {
      free += limit - leased.length;
      backlog ||= more;
      if (at !== null) plan(at);
      for (const one of leased) begin(one);
    }
  }

  function begin(leased: LeasedMessage): void {
    const here = receivers.get(leased.receiver);
    if (!here) {
      // The answer came so late that its receiver has closed.
      release();
      const { seq, token } = leased;
      store.send("finish", { seq, token, ending: { to: "released" } }).catch(() => {});
      return;
    }
    const known = leased.run === 1 ? kept.take(leased.seq) : undefined;
    const message = known ?? fromStored(leased);
    if (leased.expiredAt === null) return void here.start(leased, message, leased.run);
    release();
    void here.recover(leased, message, leased.expiredAt);
  }

  /** Looks at the latest when a message will be due. */
  function plan(at: number): void {
    if (at <= Date.now()) return due();
    nextDueAt = Math.min(nextDueAt, at);
    schedule();
  }

  function schedule(): void {
    clearTimeout(timer);
    if (receivers.size === 0) return;
    timer = setTimeout(() => void poll(), Math.min(POLL_MS, Math.max(1, nextDueAt - Date.now())));
  }

  async function poll(): Promise<void> {
    if (nextDueAt <= Date.now() || free <= 0) {
      nextDueAt = Number.POSITIVE_INFINITY;
      backlog = true;
    }
    try {
      const names = openNames();
      if (!backlog && names.length > 0) {
        const found = await store.send("due", { receivers: names }, { lingers: true });
        nextDueAt = found.nextDueAt ?? Number.POSITIVE_INFINITY;
        backlog ||= found.due;
        outage.over();
      }
      if (backlog) void take();
    } catch (error) {
      outage.failed(error);
    }
    schedule();
  }

  function attach(receiver: AttachedReceiver): InboxAttachment {
    const { name } = receiver;
    if (receivers.has(name)) {
      throw nameTaken(name);
    }
    const here = new ReceiverAtWork(receiver, { ...options, store, outage, onRoom: release, onDue: plan });
    receivers.set(name, here);
    pruning ??= startPruning(store, options);
    due();
    schedule();
    let closed: Promise<void> | undefined;
    return {
      async idle() {
        while (!here.isQuiet || (await store.send("active", { receiver: name }))) {
          await here.untilQuiet(IDLE_POLL_MS);
        }
      },
      close: () => (closed ??= detach(here)),
    };
  }

  async function detach(here: ReceiverAtWork): Promise<void> {
    await here.close();
    if (receivers.get(here.name) === here) receivers.delete(here.name);
    if (receivers.size > 0) return;
    clearTimeout(timer);
    clearInterval(pruning);
    pruning = undefined;
    await store.close();
  }

  return {
    accept,
    attach,
    look: due,
    leases: () => Array.from(receivers.values()).flatMap(({ leases }) => leases),
    lose(leases) {
      for (const lease of leases) for (const here of receivers.values()) here.lose(lease);
    },
    async close() {
      await Promise.all(Array.from(receivers.values(), detach));
      await store.close();
    },
  };
}
