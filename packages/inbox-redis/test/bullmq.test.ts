import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { useRedis } from "./support/inboxes.ts";

// Scripts of ours read and write fields of BullMQ's jobs that are no part of its interface. When one of these tests fails
// after an upgrade: read BullMQ's changes, look through src/lib/scripts.ts and attach.ts, and only then raise the pin.

const redis = useRedis();

test("BullMQ is of the minor that was tested", () => {
  const { version } = createRequire(import.meta.url)("bullmq/package.json") as { version: string };
  expect(version).toMatch(/^6\.7\./);
});

test("the private fields of its jobs are those that scripts of ours use", async () => {
  const { port, hostname } = new URL(redis.server.url);
  const connection = { host: hostname, port: Number(port) };
  const prefix = randomUUID();
  const queue = new Queue("jobs", { connection, prefix });
  onTestFinished(() => queue.close());
  const client = new Redis(redis.server.url);
  onTestFinished(() => client.disconnect());
  const fieldsOf = async (id: string): Promise<string[]> =>
    (await client.hkeys(`${prefix}:jobs:${id}`)).toSorted((one, other) => (one < other ? -1 : 1));
  await queue.add("event", {}, { jobId: "one", attempts: 2 });
  expect(await fieldsOf("one")).toEqual(["data", "delay", "name", "opts", "priority", "timestamp"]);
  const worker = new Worker("jobs", async () => Promise.reject(new Error("as told")), { connection, prefix });
  onTestFinished(() => worker.close());
  await expect
    .poll(() => fieldsOf("one"), { timeout: 10_000 })
    .toEqual(
      expect.arrayContaining(["atm", "ats", "failedReason", "finishedOn", "processedOn", "stacktrace"]),
    );
  expect(await client.hget(`${prefix}:jobs:one`, "ats")).toBe("2");
  expect(await client.zscore(`${prefix}:jobs:failed`, "one")).not.toBeNull();
});
