import { describe, expect, test } from "vitest";
import type { TestEventOptions } from "../src/index.ts";
import { recordingReceiver } from "./support/receivers.ts";
import { sendOne, start } from "./support/simulators.ts";

describe("a test event", () => {
  test("is told by the vendor's names, and becomes a message", async () => {
    const simulator = await start();
    const [{ id: apiKeyId } = { id: "" }] = await simulator.apiKeys.list();
    const sent = await simulator.sendTestEvent({ eventType: "generation.queued", mode: "live" });
    expect(sent).toEqual({
      svixMessageId: expect.stringMatching(/^msg_/),
      eventId: expect.stringMatching(/^evt_/),
      eventType: "generation.queued",
      mode: "live",
      apiKeyId,
    });
    const message = await simulator.messages.get(sent.svixMessageId);
    expect(message).toMatchObject({
      id: sent.svixMessageId,
      eventType: "generation.queued",
      mode: "live",
      apiKeyId,
      createdAt: simulator.clock.now(),
      payload: { eventType: "generation.queued", eventId: sent.eventId, status: "queued" },
      fault: null,
      destinations: [],
      attempts: [],
    });
    expect(JSON.parse(message.body)).toEqual(message.payload);
  });

  test("has the fields that are set, but never another type than it says", async () => {
    const simulator = await start();
    const samplePayload = {
      eventId: "evt_9",
      generationId: "gen_9",
      eventType: "generation.failed",
      extra: [1],
    };
    const sent = await simulator.sendTestEvent({ eventType: "generation.completed", samplePayload });
    expect(sent).toMatchObject({ eventId: "evt_9", eventType: "generation.completed" });
    const { payload } = await simulator.messages.get(sent.svixMessageId);
    expect(payload).toMatchObject({ ...samplePayload, eventType: "generation.completed" });
  });

  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  test.each([
    { what: "nothing", options: undefined },
    { what: "no type", options: {} },
    { what: "a type that cannot be one", options: { eventType: "generation completed" } },
    { what: "an unknown mode", options: { eventType: "generation.queued", mode: "prod" } },
    { what: "an unknown fault", options: { eventType: "generation.queued", fault: "toString" } },
    { what: "a payload that is a list", options: { eventType: "generation.queued", samplePayload: [] } },
    {
      what: "a payload that is no JSON",
      options: { eventType: "generation.queued", samplePayload: circular },
    },
    {
      what: "a payload that is too large",
      options: { eventType: "generation.queued", samplePayload: { a: "é".repeat(200_000) } },
    },
  ])("of $what is refused, with a hint, and nothing is sent", async ({ options }) => {
    const simulator = await start();
    await expect(simulator.sendTestEvent(options as unknown as TestEventOptions)).rejects.toMatchObject({
      code: "invalid_option",
      hint: expect.stringMatching(/\w/),
    });
    expect(await simulator.messages.list()).toEqual([]);
  });

  test("for an API key that is not there is refused", async () => {
    const simulator = await start();
    const sending = simulator.sendTestEvent({ eventType: "generation.queued", apiKeyId: "key_1" });
    await expect(sending).rejects.toMatchObject({ code: "not_found" });
  });

  test("is refused once the simulator is closed", async () => {
    const receiver = await recordingReceiver();
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const messageId = await sendOne(simulator);
    await simulator.close();
    const code = "closed";
    await expect(simulator.sendTestEvent({ eventType: "generation.queued" })).rejects.toMatchObject({ code });
    await expect(simulator.resend(messageId)).rejects.toMatchObject({ code });
    expect(receiver.arrived).toHaveLength(1);
  });
});

describe("the list of messages", () => {
  test("has the newest first, page by page, and only those that are asked for", async () => {
    const receiver = await recordingReceiver();
    const simulator = await start();
    const { id } = await simulator.endpoints.create({
      url: receiver.url,
      eventTypes: ["generation.completed"],
    });
    const ids: string[] = [];
    for (const eventType of [
      "generation.queued",
      "generation.completed",
      "generation.failed",
      "generation.completed",
    ]) {
      ids.push((await simulator.sendTestEvent({ eventType })).svixMessageId);
      await simulator.idle();
      if (ids.length === 2) receiver.answer(500);
    }
    const list = async (options: object): Promise<string[]> =>
      (await simulator.messages.list(options)).map((message) => message.id);

    const [queued, completed, failed, again] = ids;
    expect(await list({})).toEqual([again, failed, completed, queued]);
    expect(await list({ limit: 2 })).toEqual([again, failed]);
    expect(await list({ limit: 2, before: failed })).toEqual([completed, queued]);
    expect(await list({ eventType: "generation.failed" })).toEqual([failed]);
    expect(await list({ endpointId: id })).toEqual([again, completed]);
    expect(await list({ state: "pending" })).toEqual([again]);
    expect(await list({ state: "succeeded", endpointId: id })).toEqual([completed]);
    expect(await list({ apiKeyId: "key_1" })).toEqual([]);
    for (const wrong of [{ limit: 0 }, { limit: "5" }, { limit: 1001 }, { state: "lost" }])
      await expect(list(wrong)).rejects.toMatchObject({ code: "invalid_option" });
    await expect(list({ before: "msg_1" })).rejects.toMatchObject({ code: "not_found" });
    await expect(simulator.messages.get("msg_1")).rejects.toMatchObject({ code: "not_found" });
  });
});
