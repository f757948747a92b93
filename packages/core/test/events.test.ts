import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import type * as z from "zod/mini";
import {
  GENERATION_EVENT_TYPES,
  diffioEvents,
  isGenerationEventType,
  isKnownEvent,
  parseEvent,
} from "../src/index.ts";
import type {
  DiffioEvent,
  GenerationCompletedEvent,
  GenerationEvent,
  GenerationEventByType,
  GenerationEventType,
  GenerationFailedEvent,
  GenerationProcessingEvent,
  GenerationQueuedEvent,
  GenerationStatus,
  UnknownEvent,
} from "../src/index.ts";
import { diffioEventSchema } from "../src/schemas.ts";
import type {
  generationCompletedSchema,
  generationEventSchema,
  generationFailedSchema,
  generationProcessingSchema,
  generationQueuedSchema,
  unknownEventSchema,
} from "../src/schemas.ts";
import { sampleEvent } from "../src/testing.ts";
import { errorOf, everythingIn } from "./support/deliveries.ts";
import {
  INVALID_UTF8,
  NULLABLE_FIELDS,
  PROTOTYPE_NAMES,
  REQUIRED_FIELDS,
  VENDOR_PAYLOAD,
} from "./vectors/events.ts";

const VENDOR_EVENT = JSON.parse(VENDOR_PAYLOAD) as Record<string, unknown>;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function codeOf(body: Uint8Array | string): string {
  const { code, status } = errorOf(() => parseEvent(body));
  expect(status).toBe(400);
  return code;
}

/** The vendor's event with changes; `undefined` takes a field away. */
function changed(changes: Record<string, unknown>): string {
  return JSON.stringify({ ...VENDOR_EVENT, ...changes });
}

describe("known events", () => {
  test("the vendor's payload is parsed to exactly itself", () => {
    expect(parseEvent(VENDOR_PAYLOAD)).toStrictEqual(VENDOR_EVENT);
    expect(parseEvent(bytesOf(VENDOR_PAYLOAD))).toStrictEqual(VENDOR_EVENT);
    expect(diffioEventSchema.parse(VENDOR_EVENT)).toStrictEqual(VENDOR_EVENT);
  });

  test.each(GENERATION_EVENT_TYPES)("%s", (eventType) => {
    const event = parseEvent(changed({ eventType }));
    expect(event).toStrictEqual({ ...VENDOR_EVENT, eventType });
    expect(isKnownEvent(event)).toBe(true);
    expect(isGenerationEventType(eventType)).toBe(true);
  });

  test.each(REQUIRED_FIELDS)("%s is required", (field) => {
    for (const value of [undefined, null, 1, true, {}, [], ["x"]]) {
      expect(codeOf(changed({ [field]: value })), JSON.stringify(value)).toBe("invalid_payload");
    }
  });

  test.each(REQUIRED_FIELDS.filter((field) => field !== "createdAt"))("%s may be empty", (field) => {
    expect(parseEvent(changed({ [field]: "" }))).toStrictEqual({ ...VENDOR_EVENT, [field]: "" });
  });

  test("createdAt is any text but an empty one", () => {
    expect(codeOf(changed({ createdAt: "" }))).toBe("invalid_payload");
    for (const createdAt of ["yesterday", " ", "2026-01-28 12:34:56.789+01:00"]) {
      expect(parseEvent(changed({ createdAt }))).toHaveProperty("createdAt", createdAt);
    }
  });

  test.each(NULLABLE_FIELDS)(
    "%s is null where it is absent or null, and nothing of another type",
    (field) => {
      expect(parseEvent(changed({ [field]: undefined }))).toStrictEqual({ ...VENDOR_EVENT, [field]: null });
      expect(parseEvent(changed({ [field]: null }))).toStrictEqual({ ...VENDOR_EVENT, [field]: null });
      const good = field === "hasVideo" ? [true, false] : ["", "text"];
      for (const value of good) expect(parseEvent(changed({ [field]: value }))).toHaveProperty(field, value);
      const bad = [0, 1, {}, [], field === "hasVideo" ? "true" : true];
      for (const value of bad) expect(codeOf(changed({ [field]: value }))).toBe("invalid_payload");
    },
  );

  test("only what a callback is promised is asked for", () => {
    const least = {
      eventType: "generation.failed",
      eventId: "e",
      createdAt: "c",
      apiKeyId: "a",
      generationId: "g",
      status: "s",
    };
    expect(parseEvent(JSON.stringify(least))).toStrictEqual({
      ...least,
      apiProjectId: null,
      hasVideo: null,
      modelKey: null,
      error: null,
      errorDetails: null,
    });
  });

  test("a status that is unknown, or another type's, is no reason to refuse", () => {
    for (const status of ["queued", "complete", "cancelled", "", "COMPLETE"]) {
      expect(parseEvent(changed({ status }))).toHaveProperty("status", status);
    }
  });

  test("extra fields are kept", () => {
    const extra = { durationInSeconds: 1.5, nested: { list: [1, { a: null }] }, "": 0 };
    expect(parseEvent(changed(extra))).toStrictEqual({ ...VENDOR_EVENT, ...extra });
  });
});

describe("unknown events", () => {
  test.each([
    "generation.cancelled",
    "Generation.Completed",
    "generation.completed ",
    "",
    "x",
    ...PROTOTYPE_NAMES,
  ])("%j needs nothing but its type", (eventType) => {
    const event = parseEvent(JSON.stringify({ eventType }));
    expect(event).toStrictEqual({ eventType });
    expect(isKnownEvent(event)).toBe(false);
    expect(isGenerationEventType(eventType)).toBe(false);
    const odd = { eventType, status: 1, hasVideo: "yes", createdAt: "" };
    expect(parseEvent(JSON.stringify(odd))).toStrictEqual(odd);
  });

  test.each([undefined, null, 1, true, {}, [], ["generation.completed"]])(
    "an event type that is %j names no type",
    (eventType) => {
      const body = changed({ eventType });
      const event = parseEvent(body);
      expect(event).toStrictEqual(JSON.parse(body));
      expect(isKnownEvent(event)).toBe(false);
      expect(diffioEvents.parse(body)).toMatchObject({ eventType: undefined, isKnown: false });
    },
  );

  test.each(["{}", '{"success":true}'])("%s, as the sender's own svix.ping is", (body) => {
    expect(parseEvent(body)).toStrictEqual(JSON.parse(body));
    expect(parseEvent(body).eventType).toBeUndefined();
  });
});

describe("keys that mean something to JavaScript", () => {
  test("__proto__ sets no prototype and is not passed on", () => {
    for (const start of ['{"eventType":"x",', `${VENDOR_PAYLOAD.slice(0, -1)},`]) {
      const event = parseEvent(`${start}"__proto__":{"polluted":true,"eventId":"evil"}}`);
      expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
      expect(Object.hasOwn(event, "__proto__")).toBe(false);
      expect(event).not.toHaveProperty("polluted");
      expect({ ...event }).not.toHaveProperty("polluted");
    }
    expect({}).not.toHaveProperty("polluted");
  });

  test("__proto__ brings no fields in", () => {
    const { eventId: _eventId, ...rest } = VENDOR_EVENT;
    const body = `${JSON.stringify(rest).slice(0, -1)},"__proto__":{"eventId":"evil"}}`;
    expect(codeOf(body)).toBe("invalid_payload");
    expect(parseEvent('{"__proto__":{"eventType":"x"}}').eventType).toBeUndefined();
  });

  test.each(PROTOTYPE_NAMES.filter((name) => name !== "__proto__"))(
    "%s is a field like any other",
    (name) => {
      for (const value of ["text", null, { a: 1 }]) {
        expect(parseEvent(`{"eventType":"x","${name}":${JSON.stringify(value)}}`)).toHaveProperty(
          [name],
          value,
        );
      }
    },
  );
});

describe("bytes", () => {
  test.each(INVALID_UTF8)("%s is refused, wherever it stands", (_name, invalid) => {
    const valid = Buffer.from(VENDOR_PAYLOAD);
    const inText = VENDOR_PAYLOAD.indexOf("evt_123");
    for (const at of [0, inText, valid.length]) {
      const body = Buffer.concat([valid.subarray(0, at), Uint8Array.from(invalid), valid.subarray(at)]);
      expect(codeOf(body)).toBe("invalid_payload");
    }
    // The decoder is none the worse for it.
    expect(parseEvent(valid)).toStrictEqual(VENDOR_EVENT);
  });

  test("text beyond ASCII", () => {
    const errorDetails = "\u00e9 \u{1F3B5} \u2028 \uFEFF \uFFFD \u0000";
    expect(parseEvent(bytesOf(changed({ errorDetails })))).toHaveProperty("errorDetails", errorDetails);
  });

  test("a leading byte order mark is passed over, in bytes and in text", () => {
    expect(parseEvent(bytesOf(`\uFEFF${VENDOR_PAYLOAD}`))).toStrictEqual(VENDOR_EVENT);
    expect(parseEvent(`\uFEFF${VENDOR_PAYLOAD}`)).toStrictEqual(VENDOR_EVENT);
  });

  test("a byte order mark anywhere else is no JSON", () => {
    for (const body of [
      `\uFEFF\uFEFF${VENDOR_PAYLOAD}`,
      ` \uFEFF${VENDOR_PAYLOAD}`,
      `${VENDOR_PAYLOAD}\uFEFF`,
    ]) {
      expect(codeOf(body), JSON.stringify(body.slice(0, 3))).toBe("invalid_payload");
      expect(codeOf(bytesOf(body)), JSON.stringify(body.slice(0, 3))).toBe("invalid_payload");
    }
  });

  test("UTF-16 is refused", () => {
    expect(codeOf(Buffer.from(`\uFEFF${VENDOR_PAYLOAD}`, "utf16le"))).toBe("invalid_payload");
  });

  test.each([
    "",
    " ",
    "\n",
    "\uFEFF",
    "null",
    "true",
    "42",
    '"x"',
    "[]",
    `[${VENDOR_PAYLOAD}]`,
    "{",
    "{a:1}",
    "undefined",
    "NaN",
  ])("%j is no event", (body) => {
    expect(codeOf(body)).toBe("invalid_payload");
    expect(codeOf(bytesOf(body))).toBe("invalid_payload");
  });

  test.each([
    `${VENDOR_PAYLOAD}${VENDOR_PAYLOAD}`,
    `${VENDOR_PAYLOAD},`,
    VENDOR_PAYLOAD.slice(0, -1),
    `${VENDOR_PAYLOAD}\0`,
  ])("JSON and more, or less, is no event", (body) => {
    expect(codeOf(body)).toBe("invalid_payload");
  });

  test("arrays 50,000 deep do no harm", () => {
    const depth = 50_000;
    const deep = "[".repeat(depth) + "]".repeat(depth);
    const event = parseEvent(
      bytesOf(`${VENDOR_PAYLOAD.slice(0, -1)},"extra":${deep}}`),
    ) as unknown as UnknownEvent;
    expect(event.eventType).toBe("generation.completed");
    let found = 0;
    for (let level: unknown = event["extra"]; Array.isArray(level); level = (level as unknown[])[0]) found++;
    expect(found).toBe(depth);
    expect(codeOf(deep)).toBe("invalid_payload");
    expect(codeOf("[".repeat(depth))).toBe("invalid_payload");
  });

  test("a parsed value is no body", () => {
    expect(errorOf(() => parseEvent(VENDOR_EVENT as unknown as string)).code).toBe("body_already_parsed");
  });

  test("no error quotes the body", () => {
    for (const body of [`{"secret": "hunter22"`, '["hunter22"]', changed({ status: { a: "hunter22" } })]) {
      expect(everythingIn(errorOf(() => parseEvent(body)))).not.toContain("hunter22");
    }
  });
});

/**
 * The parser is written by hand and the schemas are not: here they are held equal, in both directions and on the
 * same JSON text.
 */
describe("properties: the parser and the schema agree", () => {
  const json = fc.jsonValue({ maxDepth: 2 });
  const text = fc.string({ unit: "grapheme" });

  const fieldValues: Record<string, fc.Arbitrary<unknown>> = {
    eventType: fc.constantFrom(...GENERATION_EVENT_TYPES),
    eventId: text,
    createdAt: fc.string({ minLength: 1 }),
    apiKeyId: text,
    generationId: text,
    status: fc.oneof(fc.constantFrom("queued", "processing", "error", "complete"), text),
    apiProjectId: fc.option(text),
    hasVideo: fc.option(fc.boolean()),
    modelKey: fc.option(text),
    error: fc.option(text),
    errorDetails: fc.option(text),
  };
  const fields = Object.keys(fieldValues);
  const extraKey = fc.oneof(fc.constantFrom<string>(...PROTOTYPE_NAMES, "eventID", "Status"), text);

  /** Key and value pairs of one object, in which a key may come twice. */
  type Pairs = readonly (readonly [key: string, value: unknown])[];
  const jsonOf = (pairs: Pairs): string =>
    `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;

  const validPairs: fc.Arbitrary<Pairs> = fc
    .record(fieldValues, { requiredKeys: ["eventType", ...REQUIRED_FIELDS] })
    .map((event) => Object.entries(event));
  const extraPairs: fc.Arbitrary<Pairs> = fc.array(fc.tuple(extraKey, json), { maxLength: 4 });

  /** What one of the two makes of a text. */
  const byParser = (body: Uint8Array | string): { accepted: boolean; event?: unknown } => {
    try {
      return { accepted: true, event: parseEvent(body) };
    } catch {
      return { accepted: false };
    }
  };
  const bySchema = (body: string): { accepted: boolean; event?: unknown } => {
    const { success, data } = diffioEventSchema.safeParse(JSON.parse(body));
    return success ? { accepted: true, event: data } : { accepted: false };
  };

  function expectAgreement(body: string): void {
    const [parser, schema] = [byParser(body), bySchema(body)];
    expect(parser.accepted).toBe(schema.accepted);
    if (!isDeepStrictEqual(parser.event, schema.event)) expect(parser.event).toStrictEqual(schema.event);
    // By its bytes it is the same.
    expect(isDeepStrictEqual(byParser(bytesOf(body)), parser)).toBe(true);
  }

  test("valid events are accepted, with all that is in them", () => {
    fc.assert(
      fc.property(validPairs, extraPairs, (valid, extra) => {
        // Extra keys first, so that none of them takes the place of a field.
        const body = jsonOf([...extra, ...valid]);
        expectAgreement(body);
        const { accepted, event } = byParser(body);
        expect(accepted).toBe(true);
        expect(event).toMatchObject(Object.fromEntries(valid));
        expect(isKnownEvent(event as DiffioEvent)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("one field missing, null, of any other value, or twice", () => {
    const change = fc.oneof(
      fc.constant({ kind: "missing" } as const),
      fc.record({
        kind: fc.constant("replaced" as const),
        value: fc.oneof(json, fc.constantFrom(null, "", 0, false, [], {})),
      }),
      fc.record({ kind: fc.constant("again" as const), value: json }),
    );
    fc.assert(
      fc.property(validPairs, fc.constantFrom(...fields), change, (valid, field, made) => {
        const others = valid.filter(([key]) => key !== field);
        if (made.kind === "missing") expectAgreement(jsonOf(others));
        else if (made.kind === "replaced") expectAgreement(jsonOf([...others, [field, made.value]]));
        else expectAgreement(jsonOf([...valid, [field, made.value]]));
      }),
      { numRuns: 2000 },
    );
  });

  test("every field with every kind of value", () => {
    const kinds: unknown[] = [
      null,
      true,
      false,
      0,
      -1.5,
      "",
      " ",
      "x",
      [],
      ["x"],
      {},
      { eventType: "x" },
      "generation.queued",
    ];
    for (const eventType of [...GENERATION_EVENT_TYPES, "generation.cancelled", ...PROTOTYPE_NAMES]) {
      for (const field of [...fields, ...PROTOTYPE_NAMES]) {
        const base = Object.entries({ ...VENDOR_EVENT, eventType });
        expectAgreement(jsonOf(base.filter(([key]) => key !== field)));
        for (const value of kinds) expectAgreement(jsonOf([...base, [field, value]]));
      }
    }
  });

  test("events of unknown types", () => {
    const unknownType = fc.oneof(
      text,
      fc.constantFrom<string>(...PROTOTYPE_NAMES, "generation.cancelled", "GENERATION.QUEUED"),
    );
    fc.assert(
      fc.property(unknownType, validPairs, extraPairs, (eventType, valid, extra) => {
        const body = jsonOf([
          ...valid,
          ...extra.filter(([key]) => key !== "eventType"),
          ["eventType", eventType],
        ]);
        expectAgreement(body);
        expect(byParser(body).accepted).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("several fields of any value", () => {
    const anyPairs = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...fields), extraKey), json), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.constantFrom(...GENERATION_EVENT_TYPES, "x"), anyPairs, (eventType, pairs) => {
        expectAgreement(jsonOf([["eventType", eventType], ...pairs]));
      }),
      { numRuns: 1000 },
    );
  });

  test("any JSON value", () => {
    fc.assert(
      fc.property(fc.json(), (body) => expectAgreement(body)),
      { numRuns: 1000 },
    );
  });

  test("any bytes are parsed or refused with a code", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (body) => {
        expect(codeOf(body)).toBe("invalid_payload");
      }),
    );
  });
});

/** Checked by the compiler; none of it runs. */
describe("types", () => {
  /** What a schema's output declares, without the index signature of its extra fields. */
  type Declared<Output> = { [Key in keyof Output as string extends Key ? never : Key]: Output[Key] };

  interface EventOf<Type extends GenerationEventType> {
    eventType: Type;
    eventId: string;
    createdAt: string;
    apiKeyId: string;
    apiProjectId: string | null;
    generationId: string;
    status: GenerationStatus | (string & {});
    hasVideo: boolean | null;
    modelKey: string | null;
    error: string | null;
    errorDetails: string | null;
  }

  test("events are what the schemas give", () => {
    expectTypeOf<GenerationQueuedEvent>().toEqualTypeOf<Declared<z.output<typeof generationQueuedSchema>>>();
    expectTypeOf<GenerationProcessingEvent>().toEqualTypeOf<
      Declared<z.output<typeof generationProcessingSchema>>
    >();
    expectTypeOf<GenerationFailedEvent>().toEqualTypeOf<Declared<z.output<typeof generationFailedSchema>>>();
    expectTypeOf<GenerationCompletedEvent>().toEqualTypeOf<
      Declared<z.output<typeof generationCompletedSchema>>
    >();
    expectTypeOf<z.output<typeof generationEventSchema>>().toExtend<GenerationEvent>();
    expectTypeOf<z.output<typeof unknownEventSchema>["eventType"]>().toEqualTypeOf<
      UnknownEvent["eventType"]
    >();
  });

  test("events have these fields", () => {
    expectTypeOf<GenerationQueuedEvent>().toEqualTypeOf<EventOf<"generation.queued">>();
    expectTypeOf<GenerationProcessingEvent>().toEqualTypeOf<EventOf<"generation.processing">>();
    expectTypeOf<GenerationFailedEvent>().toEqualTypeOf<EventOf<"generation.failed">>();
    expectTypeOf<GenerationCompletedEvent>().toEqualTypeOf<EventOf<"generation.completed">>();
    expectTypeOf<keyof GenerationEventByType>().toEqualTypeOf<GenerationEventType>();
  });

  test("eventType narrows the union", () => {
    const narrow = (event: GenerationEvent): void => {
      expectTypeOf(event.eventType).toEqualTypeOf<GenerationEventType>();
      switch (event.eventType) {
        case "generation.queued":
          expectTypeOf(event).toEqualTypeOf<GenerationQueuedEvent>();
          return;
        case "generation.processing":
          expectTypeOf(event).toEqualTypeOf<GenerationProcessingEvent>();
          return;
        case "generation.failed":
          expectTypeOf(event).toEqualTypeOf<GenerationFailedEvent>();
          return;
        case "generation.completed":
          expectTypeOf(event).toEqualTypeOf<GenerationCompletedEvent>();
          return;
      }
    };
    narrow(sampleEvent("generation.queued"));
  });

  test("isKnownEvent tells the two kinds apart", () => {
    const event = parseEvent(VENDOR_PAYLOAD);
    expectTypeOf(event).toEqualTypeOf<DiffioEvent>();
    if (isKnownEvent(event)) {
      expectTypeOf(event).toEqualTypeOf<GenerationEvent>();
      if (event.eventType === "generation.failed") expectTypeOf(event.error).toEqualTypeOf<string | null>();
    }
    expectTypeOf<UnknownEvent["anything"]>().toEqualTypeOf<unknown>();
  });

  test("a status is a known one by name, or any other text", () => {
    const accept = (status: GenerationEvent["status"]): string => status;
    accept("complete");
    accept("a status of next year");
    // @ts-expect-error: not a text.
    accept(1);
    // @ts-expect-error: never null.
    accept(null);
    expectTypeOf<"complete">().toExtend<GenerationEvent["status"]>();
  });

  test("a typo does not compile", () => {
    const event = sampleEvent("generation.completed");
    // @ts-expect-error: generationId.
    void event.generationID;
    // @ts-expect-error: no index signature.
    void event["anything"];
    // @ts-expect-error: there is no such type.
    const misspelt: boolean = event.eventType === "generation.complete";
    // @ts-expect-error: it may be null.
    const never: string = event.error;
    // @ts-expect-error: there is no such type.
    const typed: GenerationEventType = "generation.complete";
    expect([misspelt, never, typed]).toHaveLength(3);
  });
});
