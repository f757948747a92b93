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
