import { inspect } from "node:util";
import { expect, test } from "vitest";
import { createReceiver, memoryInbox } from "../src/index.ts";
import { SECRET, now, post } from "./support/deliveries.ts";

test("a context that a logger writes holds no body, no event and nothing of the platform", async () => {
  const contexts: object[] = [];
  const platform: { password: string; self?: unknown } = { password: "hunter22" };
  platform.self = platform;
  const receiver = createReceiver<typeof platform>({
    signingSecret: { studio: SECRET },
    now,
    inbox: memoryInbox({ maxRuns: 1 }),
    onAny: (_event, context) => {
      contexts.push(context);
      throw new Error("no");
    },
    onError: (_error, context) => void contexts.push(context),
  });
  await receiver.receive(post(), platform);
  await receiver.idle();
  expect(contexts).toHaveLength(2);
  for (const context of contexts) {
    for (const text of [
      JSON.stringify(context),
      JSON.stringify({ context }),
      inspect(context),
      inspect({ context }),
    ]) {
      expect(text).toContain("msg_");
      expect(text).toContain("studio");
      expect(text).not.toMatch(/hunter22|generationId|gen_|rawBody|123,\s*34/);
    }
  }
  // What is hidden from loggers is there for callbacks.
  expect(contexts[0]).toMatchObject({ platform, rawBody: expect.any(Uint8Array) as Uint8Array });
});
