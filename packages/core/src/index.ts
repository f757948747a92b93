export { WebhookError } from "./lib/errors.ts";
export type { WebhookErrorCode, WebhookErrorOptions } from "./lib/errors.ts";
export { GENERATION_EVENT_TYPES, isGenerationEventType } from "./lib/events/event-types.ts";
export type { GenerationEventType, GenerationStatus } from "./lib/events/event-types.ts";
export type {
  AnyCatalog,
  EventCatalog,
  EventOf,
  EventsByType,
  ParsedEvent,
  UnknownEventOf,
  UnlistedEventType,
} from "./lib/events/catalog.ts";
export { defineEvents } from "./lib/events/define-events.ts";
export type { DefinedCatalog, EventDefinitions, StandardSchema } from "./lib/events/define-events.ts";
export { diffioEvents, isKnownEvent, parseEvent } from "./lib/events/diffio.ts";
export type {
  DiffioCatalog,
  DiffioEvent,
  GenerationCompletedEvent,
  GenerationEvent,
  GenerationEventByType,
  GenerationFailedEvent,
  GenerationProcessingEvent,
  GenerationQueuedEvent,
  UnknownEvent,
} from "./lib/events/diffio.ts";
export { createVerifier } from "./lib/verify/verifier.ts";
export type { SignedDelivery, VerifiedMessage, Verifier, VerifierOptions } from "./lib/verify/verifier.ts";
export { diagnose } from "./lib/diagnose/diagnose.ts";
export type { DiagnoseOptions, Diagnosis } from "./lib/diagnose/diagnose.ts";
export type { Finding, FindingCode } from "./lib/diagnose/finding.ts";
export { failedRunText, firstOfItsCode, refusalText } from "./lib/receive/hooks.ts";
export { createReceiver } from "./lib/receive/receiver.ts";
export type { Receiver, ReceiverOptions } from "./lib/receive/receiver.ts";
export type { Delivery } from "./lib/receive/delivery.ts";
export type {
  ObservedAcceptance,
  ObservedDelivery,
  ObservedDuplicate,
  ObservedRefusal,
  ObservedRun,
  ObservedRunEnd,
  ObservedRunStart,
  Observer,
} from "./lib/receive/observer.ts";
export type { Reply } from "./lib/receive/reply.ts";
export type { ErrorContext, HandlerContext } from "./lib/receive/run-context.ts";
export type { Handler, Handlers, HandlersByType } from "./lib/receive/handlers.ts";
export type { HeadersInput, HeaderValue } from "./lib/verify/headers.ts";
export { bodyAlreadyParsed } from "./lib/verify/bytes.ts";
export type { BodySource, RawBody } from "./lib/receive/body/body.ts";
export type { NodeReadable } from "./lib/receive/body/node-request.ts";
export { untilSent } from "./lib/receive/node-response.ts";
export type { NodeResponse } from "./lib/receive/node-response.ts";
export { signingSecretFromEnv } from "./lib/verify/key-source.ts";
export type { SigningSecretSource } from "./lib/verify/key-source.ts";
export type { AsymmetricKey, SigningSecrets } from "./lib/verify/keys.ts";
export { memoryInbox } from "./lib/inbox/memory-inbox.ts";
export type { MemoryInboxOptions } from "./lib/inbox/memory-inbox.ts";
export type { BackoffInSeconds } from "./lib/inbox/backoff.ts";
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
  RunningMessage,
  RunOutcome,
} from "./lib/inbox/inbox.ts";
export type {
  MessageDetails,
  MessageQuery,
  MessageState,
  MessageSummary,
  Messages,
  OfReceiver,
} from "./lib/inbox/messages.ts";
