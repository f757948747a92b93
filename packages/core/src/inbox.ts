/**
 * For authors of inboxes: what the durable inboxes of this project share. The contract itself, `Inbox` and
 * `DurableInbox`, is exported by `@diffio-webhooks/core`.
 *
 * @module
 */
export { checkDurableInboxOptions, refuseSerialBy } from "./lib/inbox/durable-inbox-options.ts";
export type { CheckedDurableInboxOptions, DurableInboxOptions } from "./lib/inbox/durable-inbox-options.ts";
export { checkPage, deadLetterNotFound, errorText, unknownPage } from "./lib/inbox/dead-letters.ts";
export { checkNumber, checkSeconds, invalidOption } from "./lib/options.ts";
export {
  clearInterval,
  clearTimeout,
  monotonicSeconds,
  nextTurn,
  setInterval,
  setTimeout,
} from "./lib/timers.ts";
export { nameTaken } from "./lib/inbox/name-taken.ts";
export { createStoreInbox } from "./lib/inbox/store/store-inbox.ts";
export type { StoreInbox } from "./lib/inbox/store/store-inbox.ts";
export type * from "./lib/inbox/store/message-store.ts";
