import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import * as z from "zod";
import { createFetchHandler } from "../src/fetch.ts";
import { createReceiver, defineEvents } from "../src/index.ts";
import type { DiffioEvent, EventOf, ReceiverOptions, StandardSchema } from "../src/index.ts";
import { memoryInbox } from "../src/index.ts";
import { signMessage } from "../src/testing.ts";
import { SECRET, errorOf } from "./support/deliveries.ts";
import {
  CLERK_USER_CREATED,
  OPENAI_RESPONSE_COMPLETED,
  RESEND_EMAIL_BOUNCED,
} from "./vectors/other-senders.ts";

/** Delivers bodies to a receiver; the sender is Svix, or another one of Standard Webhooks. */
function receiverOf(options: Partial<ReceiverOptions<unknown, never>>) {
  const onRejected = vi.fn<(error: { code: string; message: string; status: number }) => void>();
  const receiver = createReceiver<unknown, never>({ signingSecret: SECRET, onRejected, ...options });
  return {
    onRejected,
    async deliver(body: string | object, { standard = false } = {}): Promise<number> {
      const signed = signMessage({ signingSecret: SECRET, body });
      const headers = Object.fromEntries(
        Object.entries(signed.headers).map(([name, value]) => [
          standard ? name.replace("svix-", "webhook-") : name,
          value,
        ]),
      );
      const { status } = await receiver.receive({ method: "POST", headers, body: signed.body });
      await receiver.idle();
      return status;
    },
  };
}

/** The same two types of events, by each library. */
const LIBRARIES = {
  zod: defineEvents({
    typeField: "type",
    types: {
      "email.sent": z.object({ data: z.object({ email_id: z.string() }) }),
      "email.opened": z.looseObject({
        type: z.literal("email.opened"),
        data: z.object({ at: z.coerce.date() }),
      }),
    },
    subject: (event) => ("email_id" in event.data ? event.data.email_id : undefined),
  }),
  valibot: defineEvents({
    typeField: "type",
    types: {
      "email.sent": v.object({ data: v.object({ email_id: v.string() }) }),
      "email.opened": v.object({
        type: v.literal("email.opened"),
        data: v.object({
          at: v.pipe(
            v.string(),
            v.transform((text) => new Date(text)),
          ),
        }),
      }),
    },
    subject: (event) => ("email_id" in event.data ? event.data.email_id : undefined),
  }),
  arktype: defineEvents({
    typeField: "type",
    types: {
      "email.sent": type({ data: { email_id: "string" } }),
      "email.opened": type({ type: "'email.opened'", data: { at: "string.date.parse" } }),
    },
    subject: (event) => ("email_id" in event.data ? event.data.email_id : undefined),
  }),
};

describe.each(Object.entries(LIBRARIES))("a catalog of %s schemas", (_name, events) => {
  const sent = { type: "email.sent", data: { email_id: "em_1" } };

  test("types its callbacks, and gives them what the schema returns", async () => {
    const seen: unknown[] = [];
    const { deliver } = receiverOf({
      events,
      on: {
        "email.sent": (event: { type: "email.sent"; data: { email_id: string } }) => void seen.push(event),
        "email.opened": (event: { data: { at: Date } }) => void seen.push(event.data.at.getTime()),
      },
    } as never);
    expect(await deliver(sent)).toBe(200);
    expect(await deliver({ type: "email.opened", data: { at: "2026-01-28T12:34:56Z" } })).toBe(200);
    expect(seen).toEqual([sent, Date.parse("2026-01-28T12:34:56Z")]);
  });

  test("tolerates types that it does not have, and events without one", async () => {
    const onAny = vi.fn();
    const onUnknown = vi.fn();
    const { deliver } = receiverOf({ events, onAny, onUnknown } as never);
    const unknown = [
      { type: "email.delayed", data: 1 },
      { success: true },
      {},
      { type: 5 },
      { type: "__proto__" },
    ];
    for (const event of unknown) expect(await deliver(event)).toBe(200);
    expect(onUnknown.mock.calls.map(([event]) => event as unknown)).toEqual(unknown);
    expect(onAny).toHaveBeenCalledTimes(unknown.length);
  });

  test("refuses an event that does not fit its schema, and quotes nothing of it", async () => {
    const { deliver, onRejected } = receiverOf({ events } as never);
    expect(await deliver({ type: "email.sent", data: { email_id: { secret: "hunter22" } } })).toBe(400);
    const [error] = onRejected.mock.lastCall ?? [];
    expect(error?.code).toBe("invalid_payload");
    expect(error?.message).toMatch(/data\.email_id.*"email\.sent"/);
    expect(JSON.stringify(error) + String(error?.message)).not.toContain("hunter22");
  });

  test("says what an event is about", () => {
    expect(events.parse(JSON.stringify(sent))).toMatchObject({
      eventType: "email.sent",
      isKnown: true,
      subject: "em_1",
    });
  });
});

describe("real senders", () => {
  const catalogs = {
    clerk: defineEvents({
      typeField: "type",
      types: {
        "user.created": z.looseObject({
          data: z.looseObject({
            id: z.string(),
            email_addresses: z.array(z.looseObject({ email_address: z.string() })),
          }),
        }),
      },
      subject: ({ data }) => data.id,
    }),
    resend: defineEvents({
      typeField: "type",
      types: {
        "email.bounced": z.looseObject({
          data: z.looseObject({ email_id: z.string(), to: z.array(z.string()) }),
        }),
      },
      subject: ({ data }) => data.email_id,
    }),
    openai: defineEvents({
      typeField: "type",
      types: {
        "response.completed": z.looseObject({ id: z.string(), data: z.looseObject({ id: z.string() }) }),
      },
      subject: ({ data }) => data.id,
    }),
  };

  test.each([
    ["Clerk", catalogs.clerk, CLERK_USER_CREATED, "user_29w83sxmDNGwOuEthce5gg56FcC", false],
    ["Resend", catalogs.resend, RESEND_EMAIL_BOUNCED, "56761188-7520-42d8-8898-ff6fc54ce618", false],
    ["OpenAI", catalogs.openai, OPENAI_RESPONSE_COMPLETED, "resp_abc123", true],
  ])("%s", async (_name, events, payload, subject, standard) => {
    const onAny = vi.fn();
    const { deliver } = receiverOf({ events, onAny } as never);
    expect(await deliver(payload, { standard })).toBe(200);
    expect(onAny.mock.calls[0]?.[0]).toMatchObject(payload);
    expect(events.parse(JSON.stringify(payload))).toMatchObject({ subject, isKnown: true });
  });
});

describe("schemas that are asynchronous", () => {
  const events = defineEvents({
    typeField: "type",
    types: { a: z.object({ ok: z.boolean().refine(async (ok) => ok) }) },
  });

  test("are waited for, at the delivery and at each further run", async () => {
    const runs: unknown[] = [];
    const { deliver } = receiverOf({
      events,
      inbox: memoryInbox({ backoffInSeconds: 0 }),
      onError: () => {},
      on: {
        a: (event: unknown, { run }: { run: number }) => {
          runs.push([run, event]);
          if (run === 1) throw new Error("Once more.");
        },
      },
    } as never);
    expect(await deliver({ type: "a", ok: true })).toBe(200);
    expect(runs).toEqual([
      [1, { type: "a", ok: true }],
      [2, { type: "a", ok: true }],
    ]);
    expect(await deliver({ type: "a", ok: false })).toBe(400);
  });

  test("with an inbox that keeps what is no valid event", async () => {
    const acceptInvalid = vi.fn(async () => ({ duplicate: false }));
    const inbox = { accept: async () => {}, acceptInvalid };
    const { deliver } = receiverOf({ events, inbox, onError: () => {} } as never);
    expect(await deliver({ type: "a", ok: false })).toBe(200);
    expect(acceptInvalid).toHaveBeenCalledOnce();
  });
});

describe("what our own catalog does wrong is not the sender's fault", () => {
  const failing = (validate: () => never): StandardSchema => ({
    "~standard": { version: 1, vendor: "ours", validate },
  });

  test.each([
    [
      "a schema that throws",
      defineEvents({
        typeField: "type",
        types: {
          a: failing(() => {
            throw new TypeError("broken");
          }),
        },
      }),
    ],
    [
      "a schema that rejects",
      defineEvents({
        typeField: "type",
        types: { a: failing(() => Promise.reject(new Error("broken")) as never) },
      }),
    ],
    [
      "a subject that throws",
      defineEvents({
        typeField: "type",
        types: { a: z.looseObject({}) },
        subject: () => {
          throw new Error("broken");
        },
      }),
    ],
  ])("%s: 500, with every inbox", async (_name, events) => {
    const durable = { accept: async () => {}, acceptInvalid: vi.fn(async () => ({ duplicate: false })) };
    for (const inbox of [undefined, durable]) {
      const { deliver, onRejected } = receiverOf({ events, inbox } as never);
      expect(await deliver({ type: "a" })).toBe(500);
      expect(onRejected.mock.lastCall?.[0].code).toBe("invalid_option");
    }
    expect(durable.acceptInvalid).not.toHaveBeenCalled();
  });

  test("options are checked", () => {
    const wrong: (() => unknown)[] = [
      () => defineEvents({ typeField: "", types: {} }),
      () => defineEvents({ typeField: "type", types: { a: {} as StandardSchema } }),
      () => defineEvents({ typeField: "type", types: {}, subject: "id" as never }),
      () => createReceiver({ signingSecret: SECRET, events: {} as never }),
      () =>
        createReceiver({
          signingSecret: SECRET,
          events: LIBRARIES.zod,
          on: { "email.sen": () => {} } as never,
        }),
    ];
    for (const call of wrong) expect(errorOf(call)).toMatchObject({ code: "invalid_option" });
    expect(errorOf(wrong[4] as () => unknown).hint).toContain("email.sent, email.opened");
  });

  test("a type may have any name", async () => {
    const events = defineEvents({ typeField: "constructor", types: { toString: z.looseObject({}) } });
    const onAny = vi.fn();
    const { deliver } = receiverOf({ events, on: { toString: onAny } } as never);
    expect(await deliver('{"constructor":"toString"}')).toBe(200);
    expect(await deliver("{}")).toBe(200);
    expect(onAny).toHaveBeenCalledOnce();
  });
});

test("types", () => {
  const { zod: events } = LIBRARIES;
  createReceiver({
    signingSecret: SECRET,
    events,
    on: {
      "email.sent": (event) => {
        expectTypeOf(event.type).toEqualTypeOf<"email.sent">();
        expectTypeOf(event.data.email_id).toEqualTypeOf<string>();
      },
      "email.opened": (event) => expectTypeOf(event.data.at).toEqualTypeOf<Date>(),
    },
    onAny(event) {
      if (event.type === "email.opened") expectTypeOf(event.data.at).toEqualTypeOf<Date>();
      switch (event.type) {
        case "email.sent":
          expectTypeOf(event.data.email_id).toEqualTypeOf<string>();
          break;
        default:
      }
    },
    onUnknown: (event) => expectTypeOf(event.type).toEqualTypeOf<string | undefined>(),
    onError: (_error, { event }) => expectTypeOf(event).toEqualTypeOf<EventOf<typeof events> | undefined>(),
  });
  createFetchHandler({
    signingSecret: SECRET,
    events,
    on: { "email.sent": (event) => expectTypeOf(event.data.email_id).toEqualTypeOf<string>() },
  });
  createReceiver({
    signingSecret: SECRET,
    events,
    // @ts-expect-error The catalog has no such type.
    on: "email.sen" in events ? { "email.sen": () => {} } : {},
  });

  const narrow = (event: DiffioEvent): void => {
    if (event.eventType === "generation.failed") {
      expectTypeOf(event.error).toEqualTypeOf<string | null>();
      expectTypeOf(event.status).toExtend<string>();
    }
    switch (event.eventType) {
      case "generation.completed":
        expectTypeOf(event.generationId).toEqualTypeOf<string>();
        break;
      case "generation.queued":
      case "generation.processing":
      case "generation.failed":
        expectTypeOf(event.hasVideo).toEqualTypeOf<boolean | null>();
        break;
      default:
        expectTypeOf(event["anything"]).toEqualTypeOf<unknown>();
    }
  };
  createReceiver({
    signingSecret: SECRET,
    onAny: narrow,
    onUnknown: (event) => expectTypeOf(event.eventType).toEqualTypeOf<string | undefined>(),
  });
});
