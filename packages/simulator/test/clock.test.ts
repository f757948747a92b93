import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { recordingReceiver } from "./support/receivers.ts";
import { sendOne, start } from "./support/simulators.ts";

describe("a clock by hand", () => {
  test("stands still until it is advanced", async () => {
    const simulator = await start();
    const before = simulator.clock.now();
    await sleep(20);
    expect(simulator.clock.now()).toEqual(before);
    await simulator.clock.advance(0.5);
    expect(simulator.clock.now().getTime() - before.getTime()).toBe(500);
  });

  test("waits in an advance for what is on its way", async () => {
    const receiver = await recordingReceiver((res) => void setTimeout(() => res.writeHead(500).end(), 50));
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const { svixMessageId } = await simulator.sendTestEvent({ eventType: "generation.queued" });
    await simulator.clock.advance(305);
    const { attempts } = await simulator.messages.get(svixMessageId);
    expect(attempts).toHaveLength(3);
    expect(Number(attempts[2]?.at) - Number(attempts[0]?.at)).toBe(305_000);
  });

  test("adds up advances that are made at once", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const before = simulator.clock.now().getTime();
    await sendOne(simulator);
    await Promise.all([
      simulator.clock.advance(5),
      simulator.clock.advance(300),
      simulator.clock.advance(1800),
    ]);
    expect(simulator.clock.now().getTime() - before).toBe(2_105_000);
    expect(receiver.arrived).toHaveLength(4);
  });

  test.each([-1, Number.NaN, Infinity, "5", undefined])("is not advanced by %s", async (seconds) => {
    const simulator = await start();
    const before = simulator.clock.now();
    await expect(simulator.clock.advance(seconds as number)).rejects.toMatchObject({
      code: "invalid_option",
    });
    expect(simulator.clock.now()).toEqual(before);
  });
});

describe("a real clock", () => {
  test("goes with the wall clock, and can be advanced", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start({ clock: "real" });
    expect(Math.abs(simulator.clock.now().getTime() - Date.now())).toBeLessThan(1000);
    await simulator.endpoints.create({ url: receiver.url });
    const messageId = await sendOne(simulator);
    await simulator.clock.advance(400);
    const { attempts } = await simulator.messages.get(messageId);
    expect(attempts).toHaveLength(3);
    expect(simulator.clock.now().getTime() - Date.now()).toBeGreaterThanOrEqual(399_000);
  });
});

test("a clock that goes by itself is not put back by an advance that took longer than it is", async () => {
  const receiver = await recordingReceiver((res) => void setTimeout(() => res.writeHead(200).end(), 100));
  const simulator = await start({ clock: "real" });
  await simulator.endpoints.create({ url: receiver.url });
  await simulator.sendTestEvent({ eventType: "generation.queued" });
  await simulator.clock.advance(0.001);
  const wall = Date.now();
  expect(simulator.clock.now().getTime()).toBeGreaterThanOrEqual(wall - 1);
});

describe("a clock that is sped up", () => {
  test("shrinks the delays, and leaves svix-timestamp true", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start({ clock: { speed: 2000 } });
    await simulator.endpoints.create({ url: receiver.url });
    const messageId = await sendOne(simulator);
    await expect.poll(() => receiver.arrived.length, { timeout: 10_000 }).toBe(4);
    const { attempts } = await simulator.messages.get(messageId);
    expect(Number(attempts[3]?.at) - Number(attempts[0]?.at)).toBeGreaterThanOrEqual(2_105_000);
    for (const { headers } of receiver.arrived) {
      expect(Math.abs(Number(headers["svix-timestamp"]) - Date.now() / 1000)).toBeLessThan(60);
    }
  });
});

test("idle waits for what is due and on its way, and not for retries", async () => {
  const receiver = await recordingReceiver((res) => void setTimeout(() => res.writeHead(500).end(), 50));
  const simulator = await start({ clock: "real" });
  await simulator.endpoints.create({ url: receiver.url });
  await simulator.idle();
  await simulator.sendTestEvent({ eventType: "generation.queued" });
  expect((await simulator.messages.list())[0]?.attempts).toEqual([]);
  await simulator.idle();
  expect((await simulator.messages.list())[0]?.attempts).toHaveLength(1);
});

test.each([{ speed: 0 }, { speed: -1 }, { speed: Infinity }, { speed: Number.NaN }, {}, "fast", null])(
  "%j is no clock",
  async (clock) => {
    await expect(start({ clock: clock as "real" })).rejects.toMatchObject({ code: "invalid_option" });
  },
);
