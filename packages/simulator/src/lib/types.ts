import type { GenerationEventType } from "@diffio-webhooks/core";
import type { Fault } from "./faults.ts";

/** Which of an API key's two worlds an event belongs to. */
export type Mode = "test" | "live";

/** An API key: the events of one key go to the endpoints of that key and to no others. */
export interface ApiKey {
  /** `key_…`; events carry it as `apiKeyId`. */
  readonly id: string;
  readonly name: string;
  /** A scoped key sends its own test events; an Agent key those of the key that it names. */
  readonly kind: "scoped" | "agent";
  /** What a scoped key may do; test events need `webhooks:write`. */
  readonly scopes: readonly string[];
  /** What stands in `Authorization: Bearer …`. */
  readonly token: string;
  readonly createdAt: Date;
}

/** A receiving URL and its configuration on the sender's side. */
export interface Endpoint {
  /** `ep_…` */
  readonly id: string;
  /** The API key whose events it gets. */
  readonly apiKeyId: string;
  readonly url: string;
  /** Empty for all types. */
  readonly eventTypes: readonly GenerationEventType[];
  /** Events of these modes only. */
  readonly modes: readonly Mode[];
  /** Sent with each delivery, besides the sender's own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signingSecret: string;
  /** Rotated secrets that still sign, newest first. */
  readonly previousSecrets: readonly { readonly signingSecret: string; readonly expiresAt: Date }[];
  /** A disabled endpoint gets nothing; enabling it does not send what it missed. */
  readonly disabled: boolean;
  /** Who disabled it: you, or 5 days of failure. */
  readonly disabledBecause: "asked" | "failing" | null;
  /** The first failure since the last success, on the simulated clock. */
  readonly failingSince: Date | null;
  /** On the simulated clock. */
  readonly createdAt: Date;
}

/** Why an attempt got no reply. */
export type AttemptErrorCode = "timeout" | "connection_failed" | "cut";

/** One HTTP try. */
export interface Attempt {
  /** `atmpt_…` */
  readonly id: string;
  readonly messageId: string;
  readonly endpointId: string;
  readonly url: string;
  /** On the simulated clock; the `svix-timestamp` that was sent is of the wall clock. */
  readonly at: Date;
  /** `null` where no reply came. */
  readonly statusCode: number | null;
  /** Measured on the wall clock. */
  readonly durationInMs: number;
  readonly trigger: "scheduled" | "manual";
  /** Any 2xx. */
  readonly succeeded: boolean;
  readonly error: { readonly code: AttemptErrorCode; readonly message: string } | null;
  /** The fault that was done to it. */
  readonly fault: Fault | null;
  /** Lower-case names. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  /** Bytes of the body that was to be sent. */
  readonly requestBytes: number;
  /** Lower-case names; values of repeated ones are joined with a comma. */
  readonly responseHeaders: Readonly<Record<string, string>>;
  /** At most 20,000 bytes of the reply. */
  readonly responseBody: string;
  /** Whether the reply had more. */
  readonly responseBodyIsCut: boolean;
  /**
   * What went wrong and how to mend it, in words for a person; `null` where nothing is to be done. A success has some
   * when its fault should have been refused.
   */
  readonly advice: string | null;
}

/** How a message stands with one of its endpoints. */
export interface Destination {
  readonly endpointId: string;
  /** `failed`: no further attempt is planned and none succeeded. */
  readonly state: DestinationState;
  /** On the simulated clock. */
  readonly nextAttemptAt: Date | null;
}

export type DestinationState = "pending" | "succeeded" | "failed";

/** What the sender sends: one event, to every endpoint that wants it. */
export interface Message {
  /** `svix-id`, the same for all attempts. */
  readonly id: string;
  readonly apiKeyId: string;
  readonly mode: Mode;
  readonly eventType: string;
  readonly eventId: string;
  /** The event. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** The event as it is signed and sent. */
  readonly body: string;
  /** On the simulated clock. */
  readonly createdAt: Date;
  /** What is done to each of its scheduled attempts. */
  readonly fault: Fault | null;
  readonly destinations: readonly Destination[];
  /** Oldest first. */
  readonly attempts: readonly Attempt[];
}

/** Something changed. Carries ids only, never secrets or payloads. */
export interface Change {
  readonly kind:
    | "apiKey"
    | "endpoint"
    | "message"
    | "destination"
    | "attempt"
    | "testUrl"
    | "received"
    | "clock";
  readonly action: "saved" | "removed";
  readonly id: string;
  readonly messageId?: string;
  readonly endpointId?: string;
  readonly testUrlId?: string;
}
