import { describe, expect, test } from "vitest";
import type { RecoveryProgress } from "../src/index.ts";
import { recordingReceiver } from "./support/receivers.ts";
import { sendOne, start } from "./support/simulators.ts";

const DAY = 24 * 3600;

describe("a resend", () => {
  test("is one attempt by hand, with the same id, and is not retried", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    const { id } = await simulator.endpoints.create({ url: receiver.url });
    const messageId = await sendOne(simulator);
    await simulator.clock.advance(200_000);
    expect(receiver.arrived).toHaveLength(8);

    const attempts = await simulator.resend(messageId, { endpointId: id });
    expect(attempts).toMatchObject([{ messageId, endpointId: id, trigger: "manual", statusCode: 500 }]);
    await simulator.clock.advance(200_000);
    expect(receiver.arrived).toHaveLength(9);
    expect(receiver.arrived[8]?.headers["svix-id"]).toBe(messageId);
    expect((await simulator.messages.get(messageId)).destinations).toMatchObject([{ state: "failed" }]);

    receiver.answer(200);
    await simulator.resend(messageId);
    const message = await simulator.messages.get(messageId);
    expect(message.destinations).toMatchObject([{ state: "succeeded" }]);
    expect(message.attempts.slice(8).map(({ trigger }) => trigger)).toEqual(["manual", "manual"]);
  });

  test("that fails leaves the schedule as it is; one that succeeds ends it", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const messageId = await sendOne(simulator);
    const { destinations } = await simulator.messages.get(messageId);
    await simulator.resend(messageId);
    expect((await simulator.messages.get(messageId)).destinations).toEqual(destinations);
    await simulator.clock.advance(5);
    expect(receiver.arrived).toHaveLength(3);
    receiver.answer(200);
    await simulator.resend(messageId);
    receiver.answer(500);
    await simulator.clock.advance(200_000);
    expect(receiver.arrived).toHaveLength(4);
  });

  test("that succeeds while an attempt is on its way stays a success when that one fails", async () => {
    const replies: (() => void)[] = [];
    const receiver = await recordingReceiver((res) => void replies.push(() => res.writeHead(500).end()));
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const { svixMessageId } = await simulator.sendTestEvent({ eventType: "generation.completed" });
    await expect.poll(() => replies.length).toBe(1);
    receiver.answer(200);
    await simulator.resend(svixMessageId);
    replies[0]?.();
    await simulator.clock.advance(200_000);
    const { attempts, destinations } = await simulator.messages.get(svixMessageId);
    expect(attempts.map(({ statusCode }) => statusCode)).toEqual([200, 500]);
    expect(destinations).toMatchObject([{ state: "succeeded", nextAttemptAt: null }]);
  });

  test("goes to an endpoint that is named, wherever the message went before", async () => {
    const receiver = await recordingReceiver();
    const simulator = await start();
    const messageId = await sendOne(simulator);
    await expect(simulator.resend(messageId)).rejects.toMatchObject({ code: "not_found" });
    const { id } = await simulator.endpoints.create({ url: receiver.url, eventTypes: ["generation.failed"] });
    await expect(simulator.resend(messageId)).rejects.toMatchObject({ code: "not_found" });
    await simulator.resend(messageId, { endpointId: id });
    expect((await simulator.messages.get(messageId)).destinations).toEqual([
      { endpointId: id, state: "succeeded", nextAttemptAt: null },
    ]);
    await expect(simulator.resend(messageId, { endpointId: "ep_1" })).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(simulator.resend("msg_1")).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("recover", () => {
  test("sends what failed since a time and never succeeded, once, and tells how far it is", async () => {
    const receiver = await recordingReceiver(500);
    const other = await recordingReceiver(500);
    const simulator = await start();
    const { id } = await simulator.endpoints.create({ url: receiver.url });
    await simulator.endpoints.create({ url: other.url });
    const early = await sendOne(simulator);
    await simulator.clock.advance(2 * DAY);
    const since = simulator.clock.now();
    const failed = [await sendOne(simulator), await sendOne(simulator)];
    await simulator.clock.advance(2 * DAY);
    receiver.answer(200);
    const fine = await sendOne(simulator);
    const until = simulator.clock.now();
    receiver.answer(500);
    await simulator.clock.advance(60);
    const later = await sendOne(simulator);
    const before = receiver.arrived.length;
    const otherBefore = other.arrived.length;

    receiver.answer((res, { headers }) => res.writeHead(headers["svix-id"] === failed[0] ? 200 : 500).end());
    const progress: RecoveryProgress[] = [];
    const recovery = await simulator.recover(id, { since, until, onProgress: (one) => progress.push(one) });

    expect(recovery).toEqual({ total: 2, succeeded: 1, failed: 1 });
    expect(progress).toEqual([
      { done: 0, total: 2 },
      { done: 1, total: 2 },
      { done: 2, total: 2 },
    ]);
    expect(receiver.arrived.slice(before).map(({ headers }) => headers["svix-id"])).toEqual(failed);
    expect(other.arrived).toHaveLength(otherBefore);
    receiver.answer(200);
    expect(await simulator.recover(id, { since: new Date(since.getTime() - 3 * DAY * 1000) })).toEqual({
      total: 3,
      succeeded: 3,
      failed: 0,
    });
    const recovered = receiver.arrived.slice(before + 2).map(({ headers }) => headers["svix-id"]);
    expect(recovered).toEqual([early, failed[1], later]);
    expect(recovered).not.toContain(fine);
  });

  test("reaches 14 days back, and no further", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    const { id } = await simulator.endpoints.create({ url: receiver.url });
    const since = simulator.clock.now();
    await sendOne(simulator);
    await simulator.clock.advance(14 * DAY);
    expect(await simulator.recover(id, { since })).toMatchObject({ total: 1 });
    await simulator.clock.advance(0.001);
    await expect(simulator.recover(id, { since })).rejects.toMatchObject({ code: "invalid_option" });
  });

  test.each([{}, { since: "yesterday" }, { since: new Date(Number.NaN) }, { since: 0 }, undefined])(
    "takes no %j",
    async (options) => {
      const simulator = await start();
      const { id } = await simulator.endpoints.create({ url: "http://localhost:9/" });
      const recovering = simulator.recover(id, options as { since: Date });
      await expect(recovering).rejects.toMatchObject({ code: "invalid_option" });
      const since = simulator.clock.now();
      const backwards = simulator.recover(id, { since, until: new Date(since.getTime() - 1) });
      await expect(backwards).rejects.toMatchObject({ code: "invalid_option" });
    },
  );

  test("ends with the messages that are left as failed when the endpoint goes away", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    const { id } = await simulator.endpoints.create({ url: receiver.url });
    const since = simulator.clock.now();
    for (let count = 0; count < 60; count++) await sendOne(simulator);
    receiver.answer(200);
    let removing: Promise<void> | undefined;
    const recovery = await simulator.recover(id, {
      since,
      onProgress: ({ done }) => {
        if (done === 1) removing = simulator.endpoints.remove(id);
      },
    });
    await removing;
    expect(recovery.total).toBe(60);
    expect(recovery.failed).toBeGreaterThan(0);
    expect(recovery.succeeded).toBe(receiver.arrived.length - 60);
  });
});

describe("replay missing", () => {
  test("sends what the endpoint wants and was never sent", async () => {
    const receiver = await recordingReceiver();
    const simulator = await start();
    const since = simulator.clock.now();
    const beforeIt = await sendOne(simulator);
    const { id } = await simulator.endpoints.create({
      url: receiver.url,
      eventTypes: ["generation.completed"],
    });
    await sendOne(simulator);
    receiver.answer(500);
    await sendOne(simulator);
    await simulator.endpoints.disable(id);
    const whileDisabled = await sendOne(simulator);
    await simulator.sendTestEvent({ eventType: "generation.failed" });
    await simulator.endpoints.enable(id);
    receiver.answer(200);
    const before = receiver.arrived.length;

    expect(await simulator.replayMissing(id, { since })).toEqual({ total: 2, succeeded: 2, failed: 0 });
    const replayed = receiver.arrived.slice(before).map(({ headers }) => headers["svix-id"]);
    expect(replayed).toEqual([beforeIt, whileDisabled]);
    expect(await simulator.replayMissing(id, { since })).toMatchObject({ total: 0 });
    expect((await simulator.messages.get(beforeIt)).attempts).toMatchObject([{ trigger: "manual" }]);
  });
});
