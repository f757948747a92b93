/**
 * What an app needs beside an adapter, which exports all of it: one install is enough.
 *
 * @module
 */
export { WebhookError, defineEvents, isKnownEvent, memoryInbox } from "./index.ts";
export type {
  Delivery,
  DiffioEvent,
  ErrorContext,
  EventCatalog,
  EventOf,
  GenerationCompletedEvent,
  GenerationEvent,
  GenerationFailedEvent,
  GenerationProcessingEvent,
  GenerationQueuedEvent,
  Handler,
  HandlerContext,
  Handlers,
  HandlersByType,
  Inbox,
  MemoryInboxOptions,
  Observer,
  Receiver,
  SigningSecretSource,
  SigningSecrets,
  UnknownEvent,
  WebhookErrorCode,
} from "./index.ts";
