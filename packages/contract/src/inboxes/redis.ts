import { randomUUID } from "node:crypto";
import { type RedisServer, redisUrl, startRedis } from "@diffio-webhooks/test-support/redis";
import { type InboxEngine, nodeStore } from "../inboxes.ts";

let server: RedisServer | undefined;

/** On a `redis-server` of its own, or on the one that `REDIS_URL` names. Each store has a prefix of its own. */
export const redis: InboxEngine = {
  name: "redisInbox",
  durable: true,
  processes: true,
  async start() {
    if (redisUrl === undefined) server = await startRedis();
  },
  async stop() {
    await server?.remove();
  },
  async createStore() {
    return nodeStore("redis", { url: `${redisUrl ?? server?.url}?keyPrefix=${randomUUID()}:` });
  },
};
