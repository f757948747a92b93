import { SECRET } from "@diffio-webhooks/test-support/signing";
import { signed } from "@diffio-webhooks/test-support/deliveries";
import { afterEach, expect, test, vi } from "vitest";
import { createReceiver, defineEvents } from "../src/index.ts";

// Mistakes that were made by people who read no more than the README.

const schema = {
  "~standard": { version: 1 as const, vendor: "none", validate: () => ({ issues: [{ message: "no" }] }) },
};
const events = defineEvents({ typeField: "eventType", types: { "generation.completed": schema } });

afterEach(() => vi.unstubAllEnvs());

test("the environment's secret is Diffio's, and never that of another sender", () => {
  vi.stubEnv("DIFFIO_WEBHOOK_SECRET", SECRET);
  expect(() => createReceiver({ signingSecret: undefined })).not.toThrow();
  expect(() => createReceiver({ signingSecret: undefined, events })).toThrow(
    expect.objectContaining({
      code: "invalid_secret",
      hint: expect.stringContaining("undefined") as string,
    }) as Error,
  );
});

test("a clock that throws is refused as an option of ours, and never thrown at the server", async () => {
  const refusals: unknown[] = [];
  const receiver = createReceiver({
    signingSecret: SECRET,
    now: () => {
      throw new Error("no clock");
    },
    onRejected: (error) => void refusals.push(error),
  });
  expect(await receiver.receive({ method: "POST", ...signed() })).toMatchObject({ status: 500 });
  expect(refusals).toMatchObject([{ code: "invalid_option", message: "now has thrown." }]);
});

test("a catalog without types is a clear error", () => {
  expect(() => defineEvents({ typeField: "type" } as never)).toThrow(
    expect.objectContaining({ code: "invalid_option" }) as Error,
  );
});

test("an event that does not fit the user's own schema: the hint is about that schema", async () => {
  const refusals: unknown[] = [];
  const receiver = createReceiver({
    signingSecret: SECRET,
    events,
    onRejected: (error) => void refusals.push(error),
  });
  expect(await receiver.receive({ method: "POST", ...signed() })).toMatchObject({ status: 400 });
  expect(refusals).toMatchObject([{ hint: expect.stringContaining("defineEvents") as string }]);
});
