import { describe } from "vitest";
import { describeInbox } from "../src/inbox-suite.ts";
import { redis } from "../src/inboxes/redis.ts";

// Where there is none, test-support/missing-engines.ts says so after all tests.
describe.skipIf(redis.missing !== undefined)("with a redis-server", () => {
  describeInbox(redis);
});
