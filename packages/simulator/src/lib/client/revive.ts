import type { ReceivedDelivery, TestUrl } from "../test-urls.ts";
import type { ApiKey, Attempt, Endpoint, Message } from "../types.ts";

// What JSON made strings of becomes dates and bytes again.

/** The same as JSON has it. */
export type Json<Value> = Value extends Date | Uint8Array
  ? string
  : Value extends object
    ? { readonly [Key in keyof Value]: Json<Value[Key]> }
    : Value;

export function reviveApiKey(json: Json<ApiKey>): ApiKey {
  return { ...json, createdAt: new Date(json.createdAt) };
}

export function reviveEndpoint(json: Json<Endpoint>): Endpoint {
  return {
    ...json,
    createdAt: new Date(json.createdAt),
    failingSince: json.failingSince === null ? null : new Date(json.failingSince),
    previousSecrets: json.previousSecrets.map((one) => {
      return { ...one, expiresAt: new Date(one.expiresAt) };
    }),
  };
}

export function reviveAttempt(json: Json<Attempt>): Attempt {
  return { ...json, at: new Date(json.at) };
}

export function reviveMessage(json: Json<Message>): Message {
  return {
    ...json,
    createdAt: new Date(json.createdAt),
    attempts: json.attempts.map(reviveAttempt),
    destinations: json.destinations.map((one) => {
      return { ...one, nextAttemptAt: one.nextAttemptAt === null ? null : new Date(one.nextAttemptAt) };
    }),
  };
}

export function reviveTestUrl(json: Json<TestUrl>): TestUrl {
  return { ...json, createdAt: new Date(json.createdAt) };
}

export function reviveReceivedDelivery(json: Json<ReceivedDelivery>): ReceivedDelivery {
  const body = new Uint8Array(Buffer.from(json.body, "base64"));
  return { ...json, body, receivedAt: new Date(json.receivedAt) };
}
