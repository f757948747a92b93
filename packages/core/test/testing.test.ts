import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import { GENERATION_EVENT_TYPES, createVerifier, parseEvent } from "../src/index.ts";
import type { GenerationEventType, GenerationFailedEvent } from "../src/index.ts";
import { sampleEvent, signMessage } from "../src/testing.ts";
import type { SignMessageOptions } from "../src/testing.ts";
import {
  COMPLETED,
  NOW_IN_SECONDS,
  OTHER_SECRET,
  SECRET,
  errorOf,
  now,
  signatureOf,
} from "./support/deliveries.ts";
import { VENDOR_PAYLOAD } from "./vectors/events.ts";
import { PUBLISHED } from "./vectors/published.ts";

vi.mock("../src/lib/timers.ts", () => import("@diffio-webhooks/test-support/fakeable-timers"));

describe("signMessage", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: now() + 999 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each(PUBLISHED)("signs as in $source", ({ secret, id, timestamp, body, signature }) => {
    const signed = signMessage({ signingSecret: secret, id, timestamp, body });
    expect(signed.headers).toStrictEqual({
      "svix-id": id,
      "svix-timestamp": String(timestamp),
      "svix-signature": signature,
    });
    expect(Buffer.from(signed.body).toString()).toBe(body);
  });

  test("by default a new id, and now in whole seconds", () => {
    const ids = Array.from(
      { length: 50 },
      () => signMessage({ signingSecret: SECRET, body: "" }).headers["svix-id"],
    );
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) expect(id).toMatch(/^msg_[A-Za-z0-9_-]{20,124}$/);
    expect(signMessage({ signingSecret: SECRET, body: "" }).headers["svix-timestamp"]).toBe(
      String(NOW_IN_SECONDS),
    );
  });

  test.each<[string, SignMessageOptions["timestamp"]]>([
    ["a Date", new Date(NOW_IN_SECONDS * 1000)],
    ["a Date with milliseconds", new Date(NOW_IN_SECONDS * 1000 + 999)],
    ["seconds", NOW_IN_SECONDS],
    ["seconds with a fraction", NOW_IN_SECONDS + 0.999],
    ["undefined", undefined],
  ])("the timestamp as %s", (_name, timestamp) => {
    const { headers } = signMessage({ signingSecret: SECRET, body: "", timestamp });
    expect(headers["svix-timestamp"]).toBe(String(NOW_IN_SECONDS));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN)])(
    "a timestamp that is %s",
    (timestamp) => {
      const error = errorOf(() => signMessage({ signingSecret: SECRET, body: "", timestamp }));
      expect(error).toMatchObject({ code: "invalid_option", hint: expect.any(String) });
    },
  );

  test("a list of secrets gives a signature for each, in its order", () => {
    const id = "msg_1";
    const timestamp = NOW_IN_SECONDS;
    const { headers } = signMessage({
      signingSecret: [OTHER_SECRET, SECRET],
      body: COMPLETED,
      id,
      timestamp,
    });
    const expected = [OTHER_SECRET, SECRET].map((secret) => signatureOf({ secret, id }));
    expect(headers["svix-signature"]).toBe(expected.join(" "));
  });

  test("the body as text, bytes or event", () => {
    const event = sampleEvent("generation.completed");
    const bytes = Buffer.from([0xff, 0x00, 0x22]);
    expect(signMessage({ signingSecret: SECRET, body: bytes }).body).toBe(bytes);
    expect(Buffer.from(signMessage({ signingSecret: SECRET, body: "\u00e9" }).body).toString("hex")).toBe(
      "c3a9",
    );
    expect(parseEvent(signMessage({ signingSecret: SECRET, body: event }).body)).toStrictEqual(event);
    const unknown = { eventType: "generation.cancelled", more: [1] };
    expect(parseEvent(signMessage({ signingSecret: SECRET, body: unknown }).body)).toStrictEqual(unknown);
    for (const body of [event, unknown, bytes, ""]) {
      const signed = signMessage({ signingSecret: SECRET, body });
      expect(createVerifier({ signingSecret: SECRET }).verify(signed).messageId).toBe(
        signed.headers["svix-id"],
      );
    }
  });

  test("anything else is no body", () => {
    for (const body of [[], 1, null, undefined]) {
      const code = (): unknown => signMessage({ signingSecret: SECRET, body: body as unknown as string });
      expect(errorOf(code).code).toBe("body_already_parsed");
    }
  });

  test("any id, also a bad one, for a test of its refusal", () => {
    const { headers } = signMessage({
      signingSecret: SECRET,
      body: COMPLETED,
      id: "a.b",
      timestamp: NOW_IN_SECONDS,
    });
    expect(headers).toMatchObject({ "svix-id": "a.b", "svix-signature": signatureOf({ id: "a.b" }) });
  });

  test("a time out of tolerance, for a test of its refusal", () => {
    const signed = signMessage({ signingSecret: SECRET, body: "", timestamp: NOW_IN_SECONDS - 3600 });
    expect(errorOf(() => createVerifier({ signingSecret: SECRET }).verify(signed)).code).toBe(
      "timestamp_too_old",
    );
  });
});

describe("sampleEvent", () => {
  test("completed is the vendor's own example", () => {
    expect(sampleEvent("generation.completed")).toStrictEqual(JSON.parse(VENDOR_PAYLOAD));
  });

  test.each<[GenerationEventType, string]>([
    ["generation.queued", "queued"],
    ["generation.processing", "processing"],
    ["generation.failed", "error"],
    ["generation.completed", "complete"],
  ])("%s has the status %s, and is what the parser makes of it", (eventType, status) => {
    const event = sampleEvent(eventType);
    expect(event).toMatchObject({ eventType, status });
    expect(event.error === null).toBe(eventType !== "generation.failed");
    expect(event.errorDetails === null).toBe(eventType !== "generation.failed");
    expect(parseEvent(JSON.stringify(event))).toStrictEqual(event);
  });

  test("overrides come last, and each event is a new one", () => {
    const event = sampleEvent("generation.failed", { generationId: "gen_9", error: null, status: "odd" });
    expectTypeOf(event).toEqualTypeOf<GenerationFailedEvent>();
    expect(event).toMatchObject({
      eventType: "generation.failed",
      generationId: "gen_9",
      error: null,
      status: "odd",
    });
    event.generationId = "changed";
    expect(sampleEvent("generation.failed").generationId).toBe("gen_123");
  });

  test.each(["generation.cancelled", "", "toString", undefined])("there is no sample of %j", (eventType) => {
    const error = errorOf(() => sampleEvent(eventType as GenerationEventType));
    expect(error).toMatchObject({ code: "invalid_option", hint: expect.any(String) });
    expect(error.hint).toContain(GENERATION_EVENT_TYPES[0]);
  });

  test("types of overrides are those of the event", () => {
    // @ts-expect-error: an event has no such field.
    sampleEvent("generation.queued", { generationID: "gen_1" });
    // @ts-expect-error: an id is a text.
    sampleEvent("generation.queued", { generationId: 1 });
    // @ts-expect-error: another type's name.
    expect(sampleEvent("generation.queued", { eventType: "generation.failed" })).toBeDefined();
  });
});
