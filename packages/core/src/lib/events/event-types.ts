/** The event types that the vendor documents. */
export const GENERATION_EVENT_TYPES = [
  "generation.queued",
  "generation.processing",
  "generation.failed",
  "generation.completed",
] as const;

/** One of the event types that the vendor documents. */
export type GenerationEventType = (typeof GENERATION_EVENT_TYPES)[number];

/** The statuses that the vendor documents. */
export type GenerationStatus = "queued" | "processing" | "error" | "complete";

/** Whether the type is one that the vendor documents. */
export function isGenerationEventType(eventType: string): eventType is GenerationEventType {
  return (GENERATION_EVENT_TYPES as readonly string[]).includes(eventType);
}

/** The fields of an event, as the vendor's page lists them: whatever sorts the keys of an event loses this order. */
export const GENERATION_EVENT_FIELDS: readonly string[] = [
  "eventType",
  "eventId",
  "createdAt",
  "apiKeyId",
  "apiProjectId",
  "generationId",
  "status",
  "hasVideo",
  "modelKey",
  "error",
  "errorDetails",
];
