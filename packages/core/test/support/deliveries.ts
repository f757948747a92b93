import { FORGERS_SECRET, SECRET, hmacSignature } from "@diffio-webhooks/test-support/signing";
import { WebhookError } from "../../src/index.ts";
import type { Delivery } from "../../src/index.ts";
import { sampleEvent } from "../../src/testing.ts";

export { FORGERS_SECRET as OTHER_SECRET, SECRET };

/** The time at which all deliveries of these tests are signed, and at which their receivers' clocks stand. */
export const NOW_IN_SECONDS = 1_700_000_000;
export const now = (): number => NOW_IN_SECONDS * 1000;

export const MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
export const COMPLETED = JSON.stringify(sampleEvent("generation.completed"));

/** What goes into {@link signedHeaders}; all of it has defaults. */
export interface Signed {
  readonly secret?: string;
  readonly id?: string;
  readonly timestamp?: string;
  readonly body?: Uint8Array | string;
}

/**
 * Signs whatever it is given, however wrong, by an HMAC that is none of ours: so that a test of a malformed id or
 * timestamp is not passed by a signature that does not match anyway.
 */
export function signatureOf({
  secret = SECRET,
  id = MESSAGE_ID,
  timestamp = String(NOW_IN_SECONDS),
  body = COMPLETED,
}: Signed = {}): string {
  return hmacSignature(secret, id, timestamp, body);
}

export type SignedHeaderNames = "svix-id" | "svix-timestamp" | "svix-signature";

/** The sender's three headers, signed by {@link signatureOf}. */
export function signedHeaders(signed: Signed = {}): Record<SignedHeaderNames, string> {
  const { id = MESSAGE_ID, timestamp = String(NOW_IN_SECONDS) } = signed;
  return { "svix-id": id, "svix-timestamp": timestamp, "svix-signature": signatureOf(signed) };
}

/** The same headers by the names of white-labelled senders. */
export function whiteLabelled<Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.replace("svix-", "webhook-"), value]),
  );
}

/** A delivery that a receiver takes, but for what the test changes. */
export function post(signed: Signed = {}, changes: Partial<Delivery> = {}): Delivery {
  return { method: "POST", headers: signedHeaders(signed), body: signed.body ?? COMPLETED, ...changes };
}

/** The error that a call throws, which must be ours. */
export function errorOf(call: () => unknown): WebhookError {
  try {
    call();
  } catch (error) {
    if (error instanceof WebhookError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

/** All that an error tells: for tests that it does not tell too much. */
export function everythingIn(error: WebhookError): string {
  return [error.message, error.hint, error.stack, String(error.cause)].join("\n");
}

/** Lets everything that is ready now happen, several turns of the event loop long. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 0);
    });
  }
}

/** A promise of another kind than the runtime's own, as some libraries have them. */
export function rejectingThenable(error: unknown): PromiseLike<never> {
  const thenable = {
    // Being one is what it is for.
    // eslint-disable-next-line unicorn/no-thenable
    then: (_: unknown, reject: (reason: unknown) => void) => reject(error),
  };
  return thenable as unknown as PromiseLike<never>;
}
