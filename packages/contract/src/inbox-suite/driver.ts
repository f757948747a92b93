import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { DeadLetter, InboxCounts } from "@diffio-webhooks/core";
import { newMessageId, signatureHeaders } from "@diffio-webhooks/test-support/signing";
import { PAYLOAD_OF_THE_VENDORS_PAGE } from "../deliveries.ts";
import { type HttpReply, send } from "../http.ts";
import type { LedgerEntry } from "../inbox-service/ledger.ts";
import { type InboxStore, type RunningService, SERVICE_SECRETS, control } from "../inboxes.ts";

/** A message that can be delivered any number of times, as the sender does. */
export interface Message {
  readonly messageId: string;
  readonly body: Uint8Array;
}

/** A message whose event tells the callback what to do: `fails:2`, `takes:100`, `hangs`, or anything else. */
export function message(plan = "is done at once", body?: string): Message {
  const text = body ?? JSON.stringify({ ...PAYLOAD_OF_THE_VENDORS_PAGE, generationId: plan });
  return { messageId: newMessageId(), body: Buffer.from(text) };
}

/** So many messages. */
export function messages(count: number, plan?: string): Message[] {
  return Array.from({ length: count }, () => message(plan));
}

/** Delivers a message once, freshly signed, to the receiver of that name. */
export function deliver(
  service: RunningService,
  { messageId, body }: Message,
  { receiver = "default", secret = SERVICE_SECRETS.music } = {},
): Promise<HttpReply> {
  const headers = signatureHeaders(body, { secrets: [secret], messageId });
  return send(service.url, { path: `/webhooks/${receiver}`, headers, body });
}

/** Delivers messages at once, and gives the statuses. */
export async function deliverAll(service: RunningService, all: readonly Message[]): Promise<number[]> {
  const replies = await Promise.all(all.map((one) => deliver(service, one)));
  return replies.map(({ status }) => status);
}

/** So many times 200. */
export const ok = (count: number): number[] => Array.from({ length: count }, () => 200);

/** Waits until none of the service's messages is pending or running. */
export async function idle(service: RunningService): Promise<void> {
  await control(service, "/idle");
}

/** A dead letter, as it comes over the wire. */
export type DeadLetterJson = Omit<DeadLetter, "rawBody" | "receivedAt" | "diedAt"> & {
  readonly rawBody: number[];
  readonly receivedAt: string;
  readonly diedAt: string;
};

/** The dead letters of the store. */
export async function deadLetters(
  service: RunningService,
  page: { limit?: number; after?: string } = {},
): Promise<DeadLetterJson[]> {
  return (await control(service, "/dead-letters", { page: JSON.stringify(page) })) as DeadLetterJson[];
}

/** The one dead letter of that message. */
export async function deadLetterOf(
  service: RunningService,
  { messageId }: Message,
): Promise<DeadLetterJson | undefined> {
  const all = (await deadLetters(service, { limit: 1000 })).filter((one) => one.messageId === messageId);
  if (all.length > 1) throw new Error(`There are ${all.length} dead letters of one message.`);
  return all[0];
}

export async function countsOf(service: RunningService): Promise<InboxCounts> {
  return (await control(service, "/counts")) as InboxCounts;
}

type Entry<What extends LedgerEntry["what"]> = Extract<LedgerEntry, { what: What }>;

/** What the ledger says of a message. */
export async function ledgerOf(
  store: InboxStore,
  { messageId }: Message,
): Promise<{
  started: Entry<"started">[];
  ended: Entry<"ended">[];
  aborted: Entry<"aborted">[];
  failed: Entry<"failed">[];
}> {
  const entries = (await store.ledger()).filter((entry) => entry.messageId === messageId);
  return {
    started: entries.filter((entry) => entry.what === "started"),
    ended: entries.filter((entry) => entry.what === "ended"),
    aborted: entries.filter((entry) => entry.what === "aborted"),
    failed: entries.filter((entry) => entry.what === "failed"),
  };
}

/** The numbers of a message's runs, in the order of their start. */
export async function runsOf(store: InboxStore, one: Message): Promise<number[]> {
  return (await ledgerOf(store, one)).started.map(({ run }) => run);
}

/** Waits until something holds; what it was at last where it never does. */
export async function until<Value>(
  look: () => Promise<Value>,
  holds: (value: Value) => boolean,
  seconds = 20,
): Promise<Value> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await look();
    if (holds(value) || Date.now() > end) return value;
    await pause(50);
  }
}

/** Waits until a message's callback has started so many times. */
export async function untilStarted(store: InboxStore, one: Message, times = 1): Promise<number[]> {
  return until(
    () => runsOf(store, one),
    (runs) => runs.length >= times,
  );
}

export const hashOf = (body: Uint8Array): string => createHash("sha256").update(body).digest("hex");
