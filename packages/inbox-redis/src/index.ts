/**
 * Keeps accepted Diffio webhooks in Redis, with BullMQ, until they are handled.
 *
 * @module
 */
export { redisInbox } from "./lib/redis-inbox.ts";
export type { RedisInboxOptions } from "./lib/redis-inbox.ts";
