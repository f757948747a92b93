import { describe, expect, test } from "vitest";
import { delayAfter } from "../src/lib/schedule.ts";
import { recordingReceiver } from "./support/receivers.ts";
import { sendOne, start } from "./support/simulators.ts";

const PLANNED = [5, 300, 1800, 7200, 18_000, 36_000, 36_000];
const FAILED = { statusCode: 500, timedOut: false, retryAfter: undefined };

describe("the schedule", () => {
  test("has 8 attempts, each planned from the failure before", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    const { id } = await simulator.endpoints.create({ url: receiver.url });
    const startedAt = simulator.clock.now().getTime();
    const messageId = await sendOne(simulator);
    expect((await simulator.messages.get(messageId)).destinations).toEqual([
      { endpointId: id, state: "pending", nextAttemptAt: new Date(startedAt + 5000) },
    ]);

    await simulator.clock.advance(4.999);
    expect(receiver.arrived).toHaveLength(1);
    await simulator.clock.advance(10 * 24 * 3600);

    const { attempts, destinations } = await simulator.messages.get(messageId);
    expect(attempts.map(({ at }) => (at.getTime() - startedAt) / 1000)).toEqual([
      0, 5, 305, 2105, 9305, 27_305, 63_305, 99_305,
    ]);
    expect(attempts.every(({ trigger }) => trigger === "scheduled")).toBe(true);
    expect(destinations).toEqual([{ endpointId: id, state: "failed", nextAttemptAt: null }]);
    expect(receiver.arrived).toHaveLength(8);
  });

  test("ends with the first success", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const messageId = await sendOne(simulator);
    receiver.answer(200);
    await simulator.clock.advance(100_000);
    const { attempts, destinations } = await simulator.messages.get(messageId);
    expect(attempts.map(({ statusCode }) => statusCode)).toEqual([500, 200]);
    expect(destinations).toMatchObject([{ state: "succeeded", nextAttemptAt: null }]);
  });

  test("goes on for many messages at once, each by itself", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const ids: string[] = [];
    for (let count = 0; count < 120; count++) ids.push(await sendOne(simulator));
    await simulator.clock.advance(100_000);
    for (const id of ids) expect((await simulator.messages.get(id)).attempts).toHaveLength(8);
    expect(receiver.arrived).toHaveLength(120 * 8);
  });
});

describe("the delay", () => {
  test("varies by the jitter, in both directions, and no further", () => {
    for (const [index, planned] of PLANNED.entries()) {
      const failed = { ...FAILED, attemptsMade: index + 1 };
      expect(delayAfter(failed, 0.2, () => 0)).toBeCloseTo(planned * 0.8);
      expect(delayAfter(failed, 0.2, () => 1)).toBeCloseTo(planned * 1.2);
      expect(delayAfter(failed, 0, () => 1)).toBe(planned);
      for (let count = 0; count < 1000; count++) {
        const delay = delayAfter(failed, 0.2, Math.random) ?? Number.NaN;
        expect(delay).toBeGreaterThanOrEqual(planned * 0.8);
        expect(delay).toBeLessThanOrEqual(planned * 1.2);
      }
    }
  });

  test("ends after the eighth attempt", () => {
    expect(delayAfter({ ...FAILED, attemptsMade: 8, retryAfter: "60" }, 0.2, Math.random)).toBeNull();
  });

  test.each([
    { what: "a timeout", failed: { ...FAILED, statusCode: null, timedOut: true } },
    { what: "a 429", failed: { ...FAILED, statusCode: 429 } },
  ])("is at least a minute after $what", ({ failed }) => {
    expect(delayAfter({ ...failed, attemptsMade: 1 }, 0, Math.random)).toBe(60);
    expect(delayAfter({ ...failed, attemptsMade: 2 }, 0, Math.random)).toBe(300);
    expect(delayAfter({ ...failed, attemptsMade: 1 }, 1, () => 0)).toBe(60);
  });

  test.each([
    { retryAfter: "1", delay: 300 },
    { retryAfter: "300", delay: 300 },
    { retryAfter: "450", delay: 450 },
    { retryAfter: " 450 ", delay: 450 },
    { retryAfter: "600", delay: 600 },
    { retryAfter: "601", delay: 600 },
    { retryAfter: "999999999999999999999999", delay: 600 },
    { retryAfter: "-5", delay: 300 },
    { retryAfter: "soon", delay: 300 },
    { retryAfter: "", delay: 300 },
    { retryAfter: "Thu, 01 Jan 1970 00:00:00 GMT", delay: 300 },
    { retryAfter: "Fri, 31 Dec 9999 23:59:59 GMT", delay: 600 },
  ])("keeps Retry-After $retryAfter between once and twice what was planned", ({ retryAfter, delay }) => {
    expect(delayAfter({ ...FAILED, attemptsMade: 2, retryAfter }, 0, Math.random)).toBe(delay);
  });

  test("takes Retry-After as a date", () => {
    const retryAfter = new Date(Date.now() + 450_000).toUTCString();
    const delay = delayAfter({ ...FAILED, attemptsMade: 2, retryAfter }, 0, Math.random);
    expect(delay).toBeGreaterThan(440);
    expect(delay).toBeLessThanOrEqual(450);
  });

  test("is that of the reply, over HTTP", async () => {
    const receiver = await recordingReceiver((res) => res.writeHead(503, { "retry-after": "8" }).end());
    const silent = await recordingReceiver(() => {});
    const limiting = await recordingReceiver((res) => res.writeHead(429, { "retry-after": "90" }).end());
    const simulator = await start({ timeoutInSeconds: 2 });
    for (const { url } of [receiver, silent, limiting]) await simulator.endpoints.create({ url });
    const { destinations } = await simulator.messages.get(await sendOne(simulator));
    const now = simulator.clock.now().getTime();
    expect(destinations.map(({ nextAttemptAt }) => (Number(nextAttemptAt) - now) / 1000)).toEqual([
      8, 60, 90,
    ]);
  });
});
