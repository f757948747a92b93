import { type GenerationEventType, isGenerationEventType } from "@diffio-webhooks/core";
import { sampleEvent } from "@diffio-webhooks/core/testing";
import type { SimulatedClock } from "./clock.ts";
import type { Deliveries } from "./deliveries.ts";
import { invalidOption } from "./errors.ts";
import { FAULTS, type Fault, isFault } from "./faults.ts";
import { newId } from "./ids.ts";
import { writeJson } from "./json.ts";
import { checkMode, checkObject } from "./options.ts";
import type { MessageRecord } from "./records.ts";
import { type Store, findApiKey } from "./store.ts";
import type { Mode } from "./types.ts";

/** What the sender takes for an event type. */
const EVENT_TYPE = /^[A-Za-z0-9_.-]{1,128}$/;
/** The sender's messages have at most about so many bytes. */
const MAX_BODY_BYTES = 350_000;

/** Options of a test event. */
export interface TestEventOptions {
  /** One of the documented types; or another, to see what a receiver does with types of the future. */
  eventType: GenerationEventType | (string & {});
  /** Default `"test"`. */
  mode?: Mode | undefined;
  /** Whose endpoints get it. Default: those of `simulator.apiKey`. */
  apiKeyId?: string | undefined;
  /** Fields of the event that replace those of the sample, or are added. */
  samplePayload?: Readonly<Record<string, unknown>> | undefined;
  /** Done to each scheduled attempt; an attempt by hand goes without. Default: none. */
  fault?: Fault | undefined;
}

/** What the vendor's API answers to a test event. */
export interface TestEvent {
  /** The message id: the `svix-id` of its deliveries. */
  readonly svixMessageId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly mode: Mode;
  readonly apiKeyId: string;
}

/** Makes the function that sends a test event to every endpoint that wants it. */
export function createTestEventSender(
  { store, clock, deliveries }: { store: Store; clock: SimulatedClock; deliveries: Deliveries },
  defaultApiKeyId: string,
): (options: TestEventOptions) => TestEvent {
  return function sendTestEvent(options) {
    checkObject("The test event", options);
    const { eventType, mode = "test", apiKeyId = defaultApiKeyId, samplePayload = {}, fault } = options;
    if (typeof eventType !== "string" || !EVENT_TYPE.test(eventType))
      throw invalidOption(
        `${JSON.stringify(eventType)} is no event type.`,
        "They read like generation.completed.",
      );
    checkMode(mode);
    checkObject("samplePayload", samplePayload);
    if (fault !== undefined && !isFault(fault))
      throw invalidOption(
        `${JSON.stringify(fault)} is no fault.`,
        `The faults are ${Object.keys(FAULTS).join(", ")}.`,
      );
    findApiKey(store, apiKeyId);

    const createdAt = clock.now();
    const event: Record<string, unknown> = {
      ...sampleEvent(isGenerationEventType(eventType) ? eventType : "generation.completed"),
      eventId: newId("evt"),
      createdAt: new Date(createdAt).toISOString(),
      apiKeyId,
      generationId: newId("gen"),
      ...samplePayload,
      eventType,
    };
    const message: MessageRecord = {
      id: newId("msg"),
      apiKeyId,
      mode,
      eventType,
      eventId: String(event["eventId"]),
      body: writeBody(event),
      fault: fault ?? null,
      createdAt,
    };
    store.save("message", message);
    deliveries.start(
      message,
      endpointsFor(store, message).filter(({ disabledBecause }) => disabledBecause === null),
    );
    return { svixMessageId: message.id, eventId: message.eventId, eventType, mode, apiKeyId };
  };
}

/** The endpoints that want a message, the disabled ones too. */
export function endpointsFor(
  store: Store,
  { apiKeyId, mode, eventType }: Pick<MessageRecord, "apiKeyId" | "mode" | "eventType">,
): ReturnType<typeof store.all<"endpoint">> {
  return store
    .all("endpoint")
    .filter(
      ({ eventTypes, ...endpoint }) =>
        endpoint.apiKeyId === apiKeyId &&
        endpoint.modes.includes(mode) &&
        (eventTypes.length === 0 || eventTypes.some((type) => type === eventType)),
    );
}

function writeBody(event: Record<string, unknown>): string {
  let body: string;
  try {
    body = writeJson(event);
  } catch (cause) {
    throw invalidOption("samplePayload cannot be written as JSON.", "Give values that JSON has.", cause);
  }
  if (Buffer.byteLength(body) <= MAX_BODY_BYTES) return body;
  throw invalidOption(
    `The event has more than ${MAX_BODY_BYTES} bytes; the sender's never have.`,
    'To try a larger one, send it with the fault "huge".',
  );
}
