/**
 * The zod schemas of all events: the one source of truth about them, types included.
 *
 * They stand in a subpath of their own, since importing zod takes about 50 ms and the receiver does not need it: it
 * uses `parseEvent`, and property tests check that both accept and return the same.
 *
 * @module
 */
import * as z from "zod/mini";
import type { UnlistedEventType } from "./lib/events/catalog.ts";
import {
  type GenerationEventType,
  type GenerationStatus,
  isGenerationEventType,
} from "./lib/events/event-types.ts";

type NullableString = z.ZodMiniDefault<z.ZodMiniNullable<z.ZodMiniString<string>>>;
type NullableBoolean = z.ZodMiniDefault<z.ZodMiniNullable<z.ZodMiniBoolean<boolean>>>;

/** The fields of a generation event. Extra ones pass through. */
export type GenerationEventShape<Type extends GenerationEventType> = {
  /** What happened; narrows the union. */
  eventType: z.ZodMiniLiteral<Type>;
  /** Identifies the event: the idempotency key for your own work. */
  eventId: z.ZodMiniString<string>;
  /** When it happened: ISO 8601 by the vendor's page, taken as it comes. Never empty. */
  createdAt: z.ZodMiniString<string>;
  /** The API key whose webhook application sent it. */
  apiKeyId: z.ZodMiniString<string>;
  /** The project, where the vendor names one. */
  apiProjectId: NullableString;
  /** The generation that it is about. */
  generationId: z.ZodMiniString<string>;
  /** Note that the names differ from those of the types: `generation.failed` has the status `error`. */
  status: z.ZodMiniType<GenerationStatus | (string & {}), string>;
  /** Whether the source has a picture too. */
  hasVideo: NullableBoolean;
  /** The model, `diffio-2` for example. */
  modelKey: NullableString;
  /** What failed, in a word. */
  error: NullableString;
  /** What failed, at length. */
  errorDetails: NullableString;
};

/** The schema of one event type. */
export type GenerationEventSchema<Type extends GenerationEventType> = z.ZodMiniObject<
  GenerationEventShape<Type>,
  z.core.$loose
>;

/** `generation.queued` */
export const generationQueuedSchema: GenerationEventSchema<"generation.queued"> =
  eventSchema("generation.queued");
/** `generation.processing` */
export const generationProcessingSchema: GenerationEventSchema<"generation.processing"> =
  eventSchema("generation.processing");
/** `generation.failed` */
export const generationFailedSchema: GenerationEventSchema<"generation.failed"> =
  eventSchema("generation.failed");
/** `generation.completed` */
export const generationCompletedSchema: GenerationEventSchema<"generation.completed"> =
  eventSchema("generation.completed");

/** Any event that the vendor documents, told apart by `eventType`. */
export const generationEventSchema: z.ZodMiniDiscriminatedUnion<
  [
    typeof generationQueuedSchema,
    typeof generationProcessingSchema,
    typeof generationFailedSchema,
    typeof generationCompletedSchema,
  ],
  "eventType"
> = z.discriminatedUnion("eventType", [
  generationQueuedSchema,
  generationProcessingSchema,
  generationFailedSchema,
  generationCompletedSchema,
]);

/** An event of a type that this version does not know, or of none: the vendor may add some, and the sender has its own. */
export const unknownEventSchema: z.ZodMiniObject<
  { eventType: z.ZodMiniOptional<z.ZodMiniType<UnlistedEventType>> },
  z.core.$loose
> = z.looseObject({
  eventType: z.optional(z.unknown().check(z.refine(isUnlisted)) as z.ZodMiniType<UnlistedEventType>),
});

/** Whatever an authentic delivery may carry. */
export const diffioEventSchema: z.ZodMiniUnion<[typeof generationEventSchema, typeof unknownEventSchema]> =
  z.union([generationEventSchema, unknownEventSchema]);

function eventSchema<const Type extends GenerationEventType>(eventType: Type): GenerationEventSchema<Type> {
  return z.looseObject({
    eventType: z.literal(eventType),
    eventId: z.string(),
    createdAt: z.string().check(z.minLength(1)),
    apiKeyId: z.string(),
    apiProjectId: nullableString(),
    generationId: z.string(),
    status: z.string(),
    hasVideo: z._default(z.nullable(z.boolean()), null),
    modelKey: nullableString(),
    error: nullableString(),
    errorDetails: nullableString(),
  });
}

function isUnlisted(type: unknown): boolean {
  return typeof type !== "string" || !isGenerationEventType(type);
}

function nullableString(): NullableString {
  return z._default(z.nullable(z.string()), null);
}
