import type { GenerationEventType } from "@diffio-webhooks/core";
import type { Fault } from "./faults.ts";
import type { AttemptErrorCode, DestinationState, Mode } from "./types.ts";
import type { Finding } from "./verification.ts";

// What is stored, as JSON can hold it: times are milliseconds since the epoch, bytes are base64. A record is never
// changed: a new one takes its place.

export interface ApiKeyRecord {
  readonly id: string;
  readonly name: string;
  readonly kind: "scoped" | "agent";
  readonly scopes: readonly string[];
  readonly token: string;
  readonly createdAt: number;
}

export interface EndpointRecord {
  readonly id: string;
  readonly apiKeyId: string;
  readonly url: string;
  readonly eventTypes: readonly GenerationEventType[];
  readonly modes: readonly Mode[];
  readonly headers: Readonly<Record<string, string>>;
  /** Newest first; only the first has no end. */
  readonly secrets: readonly { readonly signingSecret: string; readonly expiresAt: number | null }[];
  readonly disabledBecause: "asked" | "failing" | null;
  readonly failingSince: number | null;
  readonly createdAt: number;
}

export interface MessageRecord {
  readonly id: string;
  readonly apiKeyId: string;
  readonly mode: Mode;
  readonly eventType: string;
  readonly eventId: string;
  readonly body: string;
  readonly fault: Fault | null;
  readonly createdAt: number;
}

/** A message on its way to one endpoint. */
export interface DestinationRecord {
  /** {@link destinationId} */
  readonly id: string;
  readonly messageId: string;
  readonly endpointId: string;
  readonly state: DestinationState;
  /** Scheduled attempts that were made; those by hand do not count. */
  readonly attemptsMade: number;
  /** When the next attempt is due; `null` when none is planned. */
  readonly dueAt: number | null;
  /** Waits for a later message to overtake it. */
  readonly heldBack: boolean;
  /** The id of the destination that is to overtake it, once there is one. */
  readonly overtakenBy: string | null;
}

export interface AttemptRecord {
  readonly id: string;
  readonly messageId: string;
  readonly endpointId: string;
  readonly url: string;
  readonly at: number;
  readonly statusCode: number | null;
  readonly durationInMs: number;
  readonly trigger: "scheduled" | "manual";
  readonly error: { readonly code: AttemptErrorCode; readonly message: string } | null;
  readonly fault: Fault | null;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBytes: number;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string;
  readonly responseBodyIsCut: boolean;
}

export interface TestUrlRecord {
  readonly id: string;
  /** The part of its URL that nobody can guess. */
  readonly token: string;
  readonly signingSecret: string | null;
  readonly createdAt: number;
}

/** A delivery that arrived at a test URL. */
export interface ReceivedRecord {
  readonly id: string;
  readonly testUrlId: string;
  readonly method: string;
  /** As they came: names in their own case, repeated ones repeated. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Base64. */
  readonly body: string;
  readonly bodyIsCut: boolean;
  /** On the wall clock, against which its timestamp is checked. */
  readonly receivedAt: number;
  /** With the secrets of that moment. */
  readonly verified: boolean;
  readonly findings: readonly Finding[];
}

/** Every kind of record, by its name in the journal. */
export interface Records {
  apiKey: ApiKeyRecord;
  endpoint: EndpointRecord;
  message: MessageRecord;
  destination: DestinationRecord;
  attempt: AttemptRecord;
  testUrl: TestUrlRecord;
  received: ReceivedRecord;
}

export type RecordKind = keyof Records;

/** The id of what a message is to one endpoint. */
export function destinationId(messageId: string, endpointId: string): string {
  return `${messageId}/${endpointId}`;
}
