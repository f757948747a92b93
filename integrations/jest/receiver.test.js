import { createReceiver } from "@diffio-webhooks/core";
import { sampleEvent, signMessage } from "@diffio-webhooks/core/testing";
import { afterEach, expect, jest, test } from "@jest/globals";

const signingSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

afterEach(() => {
  jest.useRealTimers();
});

test.each([["real"], ["fake"]])("a signed delivery runs its callback, with %s timers", async (timers) => {
  if (timers === "fake") jest.useFakeTimers();
  const completed = jest.fn();
  const receiver = createReceiver({ signingSecret, on: { "generation.completed": completed } });
  const { headers, body } = signMessage({ signingSecret, body: sampleEvent("generation.completed") });
  const reply = await receiver.receive({ method: "POST", headers, body });
  await receiver.idle();
  expect(reply.status).toBe(200);
  expect(completed).toHaveBeenCalledTimes(1);
});
