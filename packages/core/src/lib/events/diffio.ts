import type * as z from "zod/mini";
import type {
  generationCompletedSchema,
  generationFailedSchema,
  generationProcessingSchema,
  generationQueuedSchema,
} from "../../schemas.ts";
import type { WebhookError } from "../errors.ts";
import { type EventCatalog, type ParsedEvent, type UnlistedEventType, invalidPayload } from "./catalog.ts";
import { GENERATION_EVENT_TYPES, type GenerationEventType, isGenerationEventType } from "./event-types.ts";
import { describe, parseJsonObject } from "./json.ts";

/** The declared fields of a schema's output. Extra ones are there at run time, but a typo must not compile. */
type Declared<Output> = { [Key in keyof Output as string extends Key ? never : Key]: Output[Key] };

/** A generation waits for its turn. */
export interface GenerationQueuedEvent extends Declared<z.output<typeof generationQueuedSchema>> {}
/** A generation is being worked on. */
export interface GenerationProcessingEvent extends Declared<z.output<typeof generationProcessingSchema>> {}
/** A generation failed; `error` and `errorDetails` may say why. */
export interface GenerationFailedEvent extends Declared<z.output<typeof generationFailedSchema>> {}
/** A generation is done. */
export interface GenerationCompletedEvent extends Declared<z.output<typeof generationCompletedSchema>> {}

/** The event of each type, by its type. */
export interface GenerationEventByType {
  "generation.queued": GenerationQueuedEvent;
  "generation.processing": GenerationProcessingEvent;
  "generation.failed": GenerationFailedEvent;
  "generation.completed": GenerationCompletedEvent;
}

/** Any event that the vendor documents; narrow it by `eventType`. */
export type GenerationEvent = GenerationEventByType[GenerationEventType];

/**
 * An authentic event of a type that this version does not know, or of none at all: the sender's `svix.ping` is
 * `{"success":true}`. Its `eventType` is a string that no known type is equal to, or `undefined`.
 */
export interface UnknownEvent<EventType = UnlistedEventType | undefined> {
  readonly eventType: EventType;
  readonly [field: string]: unknown;
}

/** Whatever an authentic delivery may carry. A `switch` on its `eventType` narrows it, and so does {@link isKnownEvent}. */
export type DiffioEvent = GenerationEvent | UnknownEvent;

/** The type of {@link diffioEvents}. */
export interface DiffioCatalog extends EventCatalog<
  GenerationEventByType,
  UnknownEvent,
  UnknownEvent<string | undefined>
> {
  readonly types: readonly GenerationEventType[];
  parse(body: Uint8Array | string): ParsedEvent<DiffioEvent>;
}

/** What Diffio sends: the default of the option `events`. */
export const diffioEvents: DiffioCatalog = {
  types: GENERATION_EVENT_TYPES,
  parse(body) {
    const event = parseJsonObject(body);
    const { eventType } = event;
    if (typeof eventType !== "string" || !isGenerationEventType(eventType)) {
      return {
        event: event as unknown as UnknownEvent,
        eventType: typeof eventType === "string" ? eventType : undefined,
        isKnown: false,
      };
    }
    if (!isWhole(event)) completeOrRefuse(event);
    const known = event as unknown as GenerationEvent;
    return { event: known, eventType, isKnown: true, subject: known.generationId };
  },
};

const REQUIRED = ["eventId", "createdAt", "apiKeyId", "generationId", "status"] as const;
const NULLABLE_FIELDS = Object.entries({
  apiProjectId: "string",
  hasVideo: "boolean",
  modelKey: "string",
  error: "string",
  errorDetails: "string",
});

/** Whether the event is of a documented type. */
export function isKnownEvent(event: DiffioEvent): event is GenerationEvent {
  return isGenerationEventType(event.eventType as string);
}

/**
 * Parses the body of a verified message: strict UTF-8, JSON, and the fields that the event's type promises.
 * Nullable fields that are absent are read as `null`; extra ones are kept.
 *
 * Equal to `diffioEventSchema` by test, at a fraction of its cost.
 *
 * @throws WebhookError `invalid_payload`
 */
export function parseEvent(body: Uint8Array | string): DiffioEvent {
  return diffioEvents.parse(body).event;
}

/** Whether every field is there and of its type: nearly always. Written out, since a loop over names costs ten times. */
function isWhole(event: Record<string, unknown>): boolean {
  const { createdAt, apiProjectId, hasVideo, modelKey, error, errorDetails } = event;
  return (
    typeof event["eventId"] === "string" &&
    typeof createdAt === "string" &&
    createdAt !== "" &&
    typeof event["apiKeyId"] === "string" &&
    typeof event["generationId"] === "string" &&
    typeof event["status"] === "string" &&
    (apiProjectId === null || typeof apiProjectId === "string") &&
    (hasVideo === null || typeof hasVideo === "boolean") &&
    (modelKey === null || typeof modelKey === "string") &&
    (error === null || typeof error === "string") &&
    (errorDetails === null || typeof errorDetails === "string")
  );
}

/** Writes `null` for what is absent, or says what is wrong. */
function completeOrRefuse(event: Record<string, unknown>): void {
  for (const field of REQUIRED) {
    if (typeof event[field] !== "string") throw wrongField(field, "a string", event[field]);
  }
  if (event["createdAt"] === "") throw invalidPayload("createdAt is empty.");
  for (const [field, type] of NULLABLE_FIELDS) {
    const value = event[field] ?? null;
    if (value !== null && typeof value !== type) throw wrongField(field, `a ${type} or null`, value);
    event[field] = value;
  }
}

function wrongField(field: string, expected: string, value: unknown): WebhookError {
  return invalidPayload(`${field} is ${describe(value)}, not ${expected}.`);
}
