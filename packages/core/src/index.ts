export { WebhookError } from "./lib/errors.ts";
export type { WebhookErrorCode, WebhookErrorOptions } from "./lib/errors.ts";
export { GENERATION_EVENT_TYPES, isGenerationEventType } from "./lib/event-types.ts";
export type { GenerationEventType, GenerationStatus } from "./lib/event-types.ts";
export { isKnownEvent, parseEvent } from "./lib/events.ts";
export type {
  DiffioEvent,
  GenerationCompletedEvent,
  GenerationEvent,
  GenerationEventByType,
  GenerationFailedEvent,
  GenerationProcessingEvent,
  GenerationQueuedEvent,
  UnknownEvent,
} from "./lib/events.ts";
export { createVerifier } from "./lib/verifier.ts";
export type { SignedDelivery, VerifiedMessage, Verifier, VerifierOptions } from "./lib/verifier.ts";
export { diagnose } from "./lib/diagnose.ts";
export type { DiagnoseOptions, Diagnosis } from "./lib/diagnose.ts";
export type { Finding, FindingCode } from "./lib/finding.ts";
export { createReceiver } from "./lib/receiver.ts";
export type { Delivery, Receiver, ReceiverOptions } from "./lib/receiver.ts";
export type { Reply } from "./lib/reply.ts";
export type { ErrorContext, HandlerContext } from "./lib/run-context.ts";
export type { Handler, Handlers, HandlersByType } from "./lib/handlers.ts";
export type { HeadersInput, HeaderValue } from "./lib/headers.ts";
export { bodyAlreadyParsed } from "./lib/body.ts";
export type { BodySource, NodeReadable, RawBody } from "./lib/body.ts";
export { untilClosed } from "./lib/node-response.ts";
export type { NodeResponse } from "./lib/node-response.ts";
export { signingSecretFromEnv } from "./lib/secret.ts";
export type { SigningSecrets, SigningSecretSource } from "./lib/secret.ts";
export { memoryInbox } from "./lib/memory-inbox.ts";
export type { MemoryInboxOptions } from "./lib/memory-inbox.ts";
export type { BackoffInSeconds } from "./lib/backoff.ts";
export type {
  Acceptance,
  AcceptedMessage,
  AttachedReceiver,
  DeadLetter,
  DeadLetters,
  DurableInbox,
  FailureReason,
  Inbox,
  InboxAttachment,
  InboxCounts,
  QueueBatch,
  RunAttempt,
  RunMessage,
  RunOutcome,
} from "./lib/inbox.ts";
