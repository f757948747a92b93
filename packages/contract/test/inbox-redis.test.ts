import { hasRedisServer, redisUrl } from "@diffio-webhooks/test-support/redis";
import { describe } from "vitest";
import { describeInbox } from "../src/inbox-suite.ts";
import { redis } from "../src/inboxes/redis.ts";

describe.skipIf(!hasRedisServer && redisUrl === undefined)("with a redis-server", () => {
  describeInbox(redis);
});
