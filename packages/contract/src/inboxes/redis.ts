import { randomUUID } from "node:crypto";
import { type RedisServer, hasRedisServer, redisUrl, startRedis } from "@diffio-webhooks/test-support/redis";
import { Redis } from "ioredis";
import { type InboxEngine, nodeStore } from "../inboxes.ts";

let server: RedisServer | undefined;

/** On a `redis-server` of its own, or on the one that `REDIS_URL` names. Each store has a prefix of its own. */
export const redis: InboxEngine = {
  name: "redisInbox",
  durable: true,
  processes: true,
  missing: hasRedisServer || redisUrl !== undefined ? undefined : "redis-server",
  async start() {
    if (redisUrl === undefined) server = await startRedis();
  },
  async stop() {
    await server?.remove();
  },
  async createStore() {
    const keyPrefix = `${randomUUID()}:`;
    const url = redisUrl ?? server?.url ?? "";
    return nodeStore("redis", { url: `${url}?keyPrefix=${keyPrefix}` }, () => removeKeys(url, keyPrefix));
  },
};

async function removeKeys(url: string, keyPrefix: string): Promise<void> {
  const client = new Redis(url);
  const keys = await client.keys(`${keyPrefix}*`);
  if (keys.length > 0) await client.unlink(keys);
  client.disconnect();
}
