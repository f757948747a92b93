import fc from "fast-check";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createVerifier } from "../src/index.ts";
import type { HeadersInput, SignedDelivery, VerifierOptions } from "../src/index.ts";
import { signMessage } from "../src/testing.ts";
import {
  COMPLETED,
  MESSAGE_ID,
  NOW_IN_SECONDS,
  OTHER_SECRET,
  SECRET,
  errorOf,
  everythingIn,
  now,
  signatureOf,
  signedHeaders,
  whiteLabelled,
} from "./support/deliveries.ts";
import type { Signed, SignedHeaderNames } from "./support/deliveries.ts";
import { PUBLISHED, PUBLISHED_V1A } from "./vectors/published.ts";
import { malformedTokens, nonCanonicalVariants } from "./vectors/signatures.ts";
import { malformedTimestamps } from "./vectors/timestamps.ts";

vi.mock("../src/lib/timers.ts", () => import("@diffio-webhooks/test-support/fakeable-timers"));

const verifier = createVerifier({ signingSecret: SECRET, now });

/** Verifies what is signed and then changed. */
function verify(
  headers: HeadersInput = signedHeaders(),
  body: SignedDelivery["body"] = COMPLETED,
  options = {},
) {
  return createVerifier({ signingSecret: SECRET, now, ...options }).verify({ headers, body });
}

function codeOf(headers: HeadersInput, body: SignedDelivery["body"] = COMPLETED, options = {}): string {
  const error = errorOf(() => verify(headers, body, options));
  expect(error.status).toBe(error.code === "body_already_parsed" ? 500 : 400);
  return error.code;
}

const HEADER_NAMES = [
  "svix-id",
  "svix-timestamp",
  "svix-signature",
] as const satisfies readonly SignedHeaderNames[];

test("gives the message: id, time, bytes", () => {
  expect(verify()).toStrictEqual({
    messageId: MESSAGE_ID,
    timestamp: new Date(NOW_IN_SECONDS * 1000),
    body: new TextEncoder().encode(COMPLETED),
  });
});

test("is synchronous, and verifies again and again", () => {
  const delivery = { headers: signedHeaders(), body: COMPLETED };
  expect(verifier.verify(delivery)).toStrictEqual(verifier.verify(delivery));
});

describe("the sender's own libraries", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: now() });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const libraries = [
    { name: "svix", Webhook: SvixWebhook },
    { name: "standardwebhooks", Webhook: StandardWebhook },
  ];
  const bodies = ["", "{}", COMPLETED, '{"name":"\u00e9\u{1F3B5}"}', `"${"x".repeat(70_000)}"`];

  test.each(libraries)("what $name signs, we verify", ({ Webhook }) => {
    for (const body of bodies) {
      const headers = {
        "svix-id": MESSAGE_ID,
        "svix-timestamp": String(NOW_IN_SECONDS),
        "svix-signature": new Webhook(SECRET).sign(MESSAGE_ID, new Date(), body),
      };
      // The default clock too, which stands still here.
      const ours = createVerifier({ signingSecret: SECRET });
      expect(ours.verify({ headers, body }).messageId).toBe(MESSAGE_ID);
      expect(ours.verify({ headers: whiteLabelled(headers), body }).messageId).toBe(MESSAGE_ID);
    }
  });

  test.each(libraries)("what signMessage signs, $name verifies", ({ Webhook }) => {
    for (const body of bodies.filter((text) => text !== "")) {
      const signed = signMessage({ signingSecret: [OTHER_SECRET, SECRET], body });
      const webhook = new Webhook(SECRET);
      const families: Record<string, string>[] = [whiteLabelled(signed.headers)];
      if (Webhook === SvixWebhook) families.push(signed.headers);
      for (const headers of families) {
        expect(() => webhook.verify(Buffer.from(signed.body), headers)).not.toThrow();
        expect(() => webhook.verify(`${body} `, headers)).toThrow("No matching signature");
      }
    }
  });

  test("what signMessage signs, we verify", () => {
    const { headers, body } = signMessage({ signingSecret: SECRET, body: COMPLETED });
    const ours = createVerifier({ signingSecret: SECRET });
    expect(ours.verify({ headers, body }).messageId).toBe(headers["svix-id"]);
    expect(ours.verify({ headers: whiteLabelled(headers), body }).body).toBe(body);
  });
});

test.each(PUBLISHED)("the published message of $source", ({ secret, id, timestamp, body, signature }) => {
  const headers = { "svix-id": id, "svix-timestamp": String(timestamp), "svix-signature": signature };
  const options = { signingSecret: secret, now: () => timestamp * 1000 };
  expect(verify(headers, body, options)).toMatchObject({
    messageId: id,
    timestamp: new Date(timestamp * 1000),
  });
  expect(codeOf(headers, `${body}\n`, options)).toBe("no_matching_signature");
});

describe("options", () => {
  test.each<[string, unknown]>([
    ["negative", -1],
    ["NaN", Number.NaN],
    ["infinite", Number.POSITIVE_INFINITY],
    ["a string", "300"],
    ["null", null],
  ])("a tolerance that is %s", (_name, toleranceInSeconds) => {
    const options = { signingSecret: SECRET, toleranceInSeconds } as VerifierOptions;
    expect(errorOf(() => createVerifier(options))).toMatchObject({
      code: "invalid_option",
      hint: expect.any(String),
    });
  });

  test.each<[unknown]>([[null], [1_700_000_000], [new Date()]])("a clock that is %j", (clock) => {
    const options = { signingSecret: SECRET, now: clock } as VerifierOptions;
    expect(errorOf(() => createVerifier(options)).code).toBe("invalid_option");
  });

  test("a clock that gives no number lets nothing through", () => {
    for (const time of [Number.NaN, undefined, 10n, "1700000000000", new Date(), null, Infinity]) {
      const options = { now: () => time as number };
      expect(errorOf(() => verify(signedHeaders(), COMPLETED, options)).code).toBe("invalid_option");
      expect(errorOf(() => verify(signedHeaders({ timestamp: "1" }), COMPLETED, options)).code).toBe(
        "invalid_option",
      );
    }
  });
});

describe("headers", () => {
  const lower = signedHeaders();
  const upper = Object.fromEntries(Object.entries(lower).map(([name, value]) => [name.toUpperCase(), value]));
  const title = Object.fromEntries(
    Object.entries(lower).map(([name, value]) => [
      name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
      value,
    ]),
  );
  const arrays = Object.fromEntries(Object.entries(lower).map(([name, value]) => [name, [value]]));
  const more = {
    host: "localhost",
    get: "a header of this name",
    accept: ["a", "b"],
    "content-length": undefined,
  };

  test.each<[string, HeadersInput]>([
    ["a plain object", lower],
    ["upper case", upper],
    ["title case", title],
    ["mixed case", { "sViX-iD": lower["svix-id"], ...lower, "svix-id": undefined }],
    ["arrays of one", arrays],
    ["other headers around", { ...more, ...lower }],
    ["absent ones of the other family", { ...lower, "webhook-id": undefined, "webhook-signature": null }],
    ["an object without prototype", Object.assign(Object.create(null) as Record<string, string>, lower)],
    ["a frozen object", Object.freeze({ ...lower })],
    ["a Headers", new Headers({ ...lower, host: "localhost" })],
    ["a Map", new Map(Object.entries(lower)) as unknown as HeadersInput],
    ["a function", (name) => lower[name as SignedHeaderNames]],
    ["a function that gives arrays", (name) => arrays[name]],
    ["a function that gives null", (name) => lower[name as SignedHeaderNames] ?? null],
  ])("%s", (_name, headers) => {
    expect(verify(headers).messageId).toBe(MESSAGE_ID);
  });

  test.each<[string, HeadersInput]>([
    ["a plain object", whiteLabelled(lower)],
    ["arrays of one", whiteLabelled(arrays)],
    [
      "upper case",
      Object.fromEntries(
        Object.entries(whiteLabelled(lower)).map(([name, value]) => [name.toUpperCase(), value]),
      ),
    ],
    ["a Headers", new Headers(whiteLabelled(lower))],
  ])("of a white-labelled sender, as %s", (_name, headers) => {
    expect(verify(headers).messageId).toBe(MESSAGE_ID);
  });

  test("a function is asked for lower-case names only", () => {
    const asked: string[] = [];
    verify((name) => {
      asked.push(name);
      return lower[name as SignedHeaderNames];
    });
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.join()).toBe(asked.join().toLowerCase());
  });

  test("what the prototype of the object has does not count", () => {
    expect(codeOf(Object.create(lower) as Record<string, string>)).toBe("missing_header");
  });

  test.each<[unknown]>([[undefined], [null], ["svix-id: 1"], [1]])("%j instead of headers", (headers) => {
    expect(errorOf(() => verifier.verify({ headers: headers as HeadersInput, body: COMPLETED })).code).toBe(
      "invalid_option",
    );
  });

  test("none", () => {
    expect(codeOf({})).toBe("missing_header");
    expect(codeOf(new Headers())).toBe("missing_header");
    expect(codeOf(() => undefined)).toBe("missing_header");
    expect(codeOf(() => null)).toBe("missing_header");
  });

  describe.each(HEADER_NAMES)("%s", (name) => {
    const value = lower[name];

    test("missing", () => {
      for (const absent of [undefined, null]) {
        expect(codeOf({ ...lower, [name]: absent })).toBe("missing_header");
        expect(codeOf(whiteLabelled({ ...lower, [name]: absent }))).toBe("missing_header");
      }
      const web = new Headers(lower);
      web.delete(name);
      expect(codeOf(web)).toBe("missing_header");
    });

    test("alone", () => {
      expect(codeOf({ [name]: value })).toBe("missing_header");
    });

    test("twice, the same or not", () => {
      for (const second of [value, "1", ""]) {
        expect(codeOf({ ...lower, [name]: [value, second] })).toBe("invalid_header");
        expect(codeOf({ ...lower, [name]: [second, value] })).toBe("invalid_header");
        expect(codeOf({ ...lower, [name.toUpperCase()]: second })).toBe("invalid_header");
        expect(codeOf({ ...lower, [name]: `${value}, ${second}` })).toBe("invalid_header");
        expect(codeOf(whiteLabelled({ ...lower, [name]: [value, second] }))).toBe("invalid_header");
        expect(
          codeOf((asked) => (asked === name ? [value, second] : lower[asked as SignedHeaderNames])),
        ).toBe("invalid_header");
      }
      const web = new Headers(lower);
      web.append(name, value);
      expect(codeOf(web)).toBe("invalid_header");
    });

    test("not a string", () => {
      const values: unknown[] = [1_700_000_000, true, {}, [1], [[value]], [null], Buffer.from(value)];
      for (const odd of values) {
        expect(codeOf({ ...lower, [name]: odd as string })).toBe("invalid_header");
      }
    });

    test("an empty list is no value at all", () => {
      expect(["missing_header", "invalid_header"]).toContain(codeOf({ ...lower, [name]: [] }));
    });

    test("of the other family beside a whole one", () => {
      const foreign = name.replace("svix-", "webhook-");
      expect(codeOf({ ...lower, [foreign]: value })).toBe("invalid_header");
      expect(codeOf({ ...lower, [foreign]: "" })).toBe("invalid_header");
      expect(codeOf({ ...whiteLabelled(lower), [name]: value })).toBe("invalid_header");
      expect(codeOf(new Headers({ ...lower, [foreign]: value }))).toBe("invalid_header");
    });

    test("of the other family instead", () => {
      const foreign = name.replace("svix-", "webhook-");
      expect(codeOf({ ...lower, [name]: undefined, [foreign]: value })).toBe("invalid_header");
      expect(codeOf({ ...whiteLabelled(lower), [foreign]: undefined, [name]: value })).toBe("invalid_header");
    });
  });

  test("both families whole", () => {
    expect(codeOf({ ...lower, ...whiteLabelled(lower) })).toBe("invalid_header");
  });

  test("one of each family and no more", () => {
    expect(codeOf({ "svix-id": MESSAGE_ID, "webhook-timestamp": lower["svix-timestamp"] })).toBe(
      "invalid_header",
    );
  });
});

describe("message ids", () => {
  test.each([["a"], ["0"], ["_"], ["-"], ["msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"], ["x".repeat(128)]])(
    "%s",
    (id) => {
      expect(verify(signedHeaders({ id })).messageId).toBe(id);
    },
  );

  test.each([
    ["empty", ""],
    ["129 characters", "x".repeat(129)],
    ["100,000 characters", "x".repeat(100_000)],
    ["a dot", "msg.1"],
    ["a space", "msg 1"],
    ["a space after it", "msg_1 "],
    ["a newline after it", "msg_1\n"],
    ["a colon", "msg:1"],
    ["a slash", "../msg"],
    ["a letter beyond ASCII", "m\u00e9g"],
    ["a NUL", "msg\0"],
    ["a comma", "msg,1"],
  ])("refused: %s", (_name, id) => {
    expect(codeOf(signedHeaders({ id }))).toBe("invalid_header");
  });

  test("one signature cannot be read as that of another id, time and body", () => {
    const body = `${NOW_IN_SECONDS}.${COMPLETED}`;
    const signed = signedHeaders({ body });
    expect(verify(signed, body).messageId).toBe(MESSAGE_ID);
    // The very same bytes, divided at the next dot.
    const shifted = { ...signed, "svix-id": `${MESSAGE_ID}.${NOW_IN_SECONDS}` };
    expect(codeOf(shifted, COMPLETED)).toBe("invalid_header");
  });
});

describe("timestamps", () => {
  test.each(malformedTimestamps(String(NOW_IN_SECONDS)))("refused: %s", (_name, timestamp) => {
    expect(codeOf(signedHeaders({ timestamp }))).toBe("invalid_timestamp");
    // Not even where every time is near enough.
    const options = { toleranceInSeconds: Number.MAX_SAFE_INTEGER };
    expect(codeOf(signedHeaders({ timestamp }), COMPLETED, options)).toBe("invalid_timestamp");
  });

  test.each<[number, number | undefined, string | undefined]>([
    [0, undefined, undefined],
    [-300, undefined, undefined],
    [-301, undefined, "timestamp_too_old"],
    [300, undefined, undefined],
    [301, undefined, "timestamp_too_new"],
    [-86_400, undefined, "timestamp_too_old"],
    [86_400, undefined, "timestamp_too_new"],
    [0, 0, undefined],
    [-1, 0, "timestamp_too_old"],
    [1, 0, "timestamp_too_new"],
    [-60, 60, undefined],
    [-61, 60, "timestamp_too_old"],
    [60, 60, undefined],
    [61, 60, "timestamp_too_new"],
    [-86_400, 86_400, undefined],
  ])("signed %i s from now, tolerance %j: %j", (offset, toleranceInSeconds, code) => {
    const timestamp = String(NOW_IN_SECONDS + offset);
    // Whichever millisecond of its second the clock is in.
    for (const milliseconds of [0, 1, 500, 999]) {
      const options = { toleranceInSeconds, now: () => now() + milliseconds };
      const headers = signedHeaders({ timestamp });
      const found =
        code === undefined
          ? verify(headers, COMPLETED, options).timestamp.getTime()
          : codeOf(headers, COMPLETED, options);
      expect(found).toBe(code ?? Number(timestamp) * 1000);
    }
  });

  test("of one digit and of twelve", () => {
    for (const seconds of [1, 999_999_999_999]) {
      const options = { now: () => seconds * 1000 };
      expect(
        verify(signedHeaders({ timestamp: String(seconds) }), COMPLETED, options).timestamp.getTime(),
      ).toBe(seconds * 1000);
    }
  });

  test("the clock is asked at each delivery", () => {
    let seconds = NOW_IN_SECONDS;
    const moving = createVerifier({ signingSecret: SECRET, now: () => seconds * 1000 });
    const delivery = { headers: signedHeaders(), body: COMPLETED };
    expect(moving.verify(delivery).messageId).toBe(MESSAGE_ID);
    seconds += 301;
    expect(errorOf(() => moving.verify(delivery)).code).toBe("timestamp_too_old");
  });

  test("property: the tolerance is a closed interval", () => {
    const offset = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(offset, fc.nat({ max: 800 }), (seconds, toleranceInSeconds) => {
        const headers = signedHeaders({ timestamp: String(NOW_IN_SECONDS + seconds) });
        if (Math.abs(seconds) <= toleranceInSeconds) verify(headers, COMPLETED, { toleranceInSeconds });
        else {
          const code = codeOf(headers, COMPLETED, { toleranceInSeconds });
          expect(code).toBe(seconds < 0 ? "timestamp_too_old" : "timestamp_too_new");
        }
      }),
    );
  });
});

describe("signature lists", () => {
  const good = signatureOf();
  const wrong = signatureOf({ secret: OTHER_SECRET });
  const withSignature = (signature: string): HeadersInput => ({
    ...signedHeaders(),
    "svix-signature": signature,
  });
  const list = (count: number, last: string): string =>
    [...Array.from({ length: count - 1 }, () => wrong), last].join(" ");

  test.each([
    ["first of two", `${good} ${wrong}`],
    ["last of two", `${wrong} ${good}`],
    ["twice", `${good} ${good}`],
    ["beside an asymmetric one", `${PUBLISHED_V1A} ${good}`],
    ["last of 32", list(32, good)],
    ["two spaces before it", `${wrong}  ${good}`],
    ["a space before it", ` ${good}`],
    ["a space after it", `${good} `],
  ])("the right one: %s", (_name, signature) => {
    expect(verify(withSignature(signature)).messageId).toBe(MESSAGE_ID);
  });

  test.each(malformedTokens(good))("%s: passed over, and refused alone", (_name, token) => {
    expect(codeOf(withSignature(token))).toBe("invalid_signature_header");
    expect(codeOf(withSignature(`${token} ${token}`))).toBe("invalid_signature_header");
    expect(codeOf(withSignature(`${token} ${wrong}`))).toBe("no_matching_signature");
    expect(verify(withSignature(`${token} ${good}`)).messageId).toBe(MESSAGE_ID);
    expect(verify(withSignature(`${good} ${token}`)).messageId).toBe(MESSAGE_ID);
  });

  test.each([
    ["empty", ""],
    ["spaces", "   "],
    ["33 tokens, the right one first", `${good} ${list(32, wrong)}`],
    ["33 tokens, the right one last", list(33, good)],
    ["33 tokens, most of them unknown", `${good}${" v9,x".repeat(32)}`],
    ["100,000 tokens", list(100_000, good)],
    ["100,000 spaces", " ".repeat(100_000) + good],
    ["tabs between", `${wrong}\t${good}`],
    ["commas between", `${wrong},${good}`],
  ])("refused: %s", (_name, signature) => {
    expect(codeOf(withSignature(signature))).toBe("invalid_signature_header");
  });

  // Far above what a reading in linear time takes, and far below what one in quadratic time does.
  describe("texts that are made to burn CPU", { timeout: 2000 }, () => {
    test.each([",", ", ", ",v", "v1,", " ,", "v1,A", "=", `${good},`, `${good}, `])(
      "%j many times over",
      (piece) => {
        const signature = piece.repeat(Math.ceil(100_000 / piece.length));
        expect(["invalid_header", "invalid_signature_header"]).toContain(codeOf(withSignature(signature)));
        expect(codeOf({ ...signedHeaders(), "svix-id": signature })).toBe("invalid_header");
        const timestamp = { ...signedHeaders(), "svix-timestamp": signature };
        expect(["invalid_header", "invalid_timestamp"]).toContain(codeOf(timestamp));
      },
    );
  });

  test("no more than the first tokens of a long list are looked at", () => {
    const split = vi.spyOn(String.prototype, "split");
    expect(codeOf(withSignature(list(100_000, good)))).toBe("invalid_signature_header");
    const longest = Math.max(0, ...split.mock.results.map(({ value }) => (value as string[]).length));
    split.mockRestore();
    expect(longest).toBeLessThanOrEqual(33);
  });

  test("other spellings of the right base64 do not match", () => {
    const variants = nonCanonicalVariants(good);
    for (const variant of variants) {
      const bytes = [good, variant].map((token) => Buffer.from(token.slice(3), "base64").toString("hex"));
      expect(bytes[0]).toBe(bytes[1]);
      expect(codeOf(withSignature(variant))).toBe("no_matching_signature");
    }
    expect(new Set([...variants, good]).size).toBe(4);
  });

  test("the signature of other parts does not match", () => {
    const others: Signed[] = [
      { id: "msg_other" },
      { timestamp: String(NOW_IN_SECONDS - 1) },
      { body: `${COMPLETED} ` },
      { secret: OTHER_SECRET },
    ];
    for (const other of others)
      expect(codeOf(withSignature(signatureOf(other)))).toBe("no_matching_signature");
  });
});

describe("secrets", () => {
  const headers = signedHeaders();

  test("any one of a list", () => {
    for (const signingSecret of [[SECRET], [SECRET, OTHER_SECRET], [OTHER_SECRET, SECRET]]) {
      expect(verify(headers, COMPLETED, { signingSecret })).not.toHaveProperty("secretName");
    }
    expect(codeOf(headers, COMPLETED, { signingSecret: [OTHER_SECRET] })).toBe("no_matching_signature");
  });

  test("any signature of a rotation", () => {
    const { headers: both, body } = signMessage({
      signingSecret: [SECRET, OTHER_SECRET],
      body: COMPLETED,
      timestamp: NOW_IN_SECONDS,
    });
    for (const signingSecret of [SECRET, OTHER_SECRET]) {
      expect(verify(both, body, { signingSecret }).messageId).toBe(both["svix-id"]);
    }
  });

  test("the one of a record that matched is named", () => {
    for (const [secret, name] of [
      [SECRET, "eu"],
      [OTHER_SECRET, "us"],
    ] as const) {
      const signingSecret = { eu: SECRET, us: [secretOfNoUse(), OTHER_SECRET] };
      expect(verify(signedHeaders({ secret }), COMPLETED, { signingSecret }).secretName).toBe(name);
    }
    const signingSecret = { eu: SECRET };
    expect(codeOf(signedHeaders({ secret: OTHER_SECRET }), COMPLETED, { signingSecret })).toBe(
      "no_matching_signature",
    );
  });

  test("a record that is changed later changes nothing", () => {
    const signingSecret: Record<string, string> = { eu: SECRET };
    const early = createVerifier({ signingSecret, now });
    signingSecret["eu"] = OTHER_SECRET;
    expect(early.verify({ headers, body: COMPLETED }).secretName).toBe("eu");
  });

  function secretOfNoUse(): string {
    return `whsec_${Buffer.alloc(24).toString("base64")}`;
  }
});

describe("bodies", () => {
  const bytes = (body: SignedDelivery["body"]): Buffer => Buffer.from(body as Uint8Array);

  test.each<[string, SignedDelivery["body"]]>([
    ["a string", COMPLETED],
    ["a string beyond ASCII", '{"a":"\u00e9 \u{1F3B5} \u0000"}'],
    ["a string with a byte order mark", `\uFEFF${COMPLETED}`],
    ["an empty string", ""],
    ["a Uint8Array", new TextEncoder().encode(COMPLETED)],
    ["a Buffer", Buffer.from(COMPLETED)],
    ["a part of a Buffer", Buffer.from(`before${COMPLETED}after`).subarray(6, 6 + COMPLETED.length)],
    ["a part of an ArrayBuffer", new Uint8Array(Buffer.from(`abc${COMPLETED}`).buffer, 0, 3)],
    ["an empty Uint8Array", new Uint8Array()],
    ["a byte order mark", Uint8Array.of(0xef, 0xbb, 0xbf)],
    ["invalid UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d)],
    ["not JSON", "not JSON"],
    ["1 MiB", "x".repeat(1_048_576)],
  ])("%s", (_name, body) => {
    const verified = verify(signedHeaders({ body }), body);
    expect(bytes(verified.body).equals(bytes(body))).toBe(true);
  });

  test("bytes are given back as they came, not as a copy", () => {
    const body = Buffer.from(COMPLETED);
    expect(verify(signedHeaders(), body).body).toBe(body);
  });

  test("invalid UTF-8 is not the replacement character", () => {
    const signed = signedHeaders({ body: Uint8Array.of(0x22, 0xff, 0x22) });
    expect(codeOf(signed, Uint8Array.of(0x22, 0xfe, 0x22))).toBe("no_matching_signature");
    expect(codeOf(signed, '"\uFFFD"')).toBe("no_matching_signature");
  });

  test("a byte order mark is signed too", () => {
    expect(codeOf(signedHeaders(), `\uFEFF${COMPLETED}`)).toBe("no_matching_signature");
    expect(codeOf(signedHeaders({ body: `\uFEFF${COMPLETED}` }), COMPLETED)).toBe("no_matching_signature");
  });

  test("re-serialised JSON is another body", () => {
    const body = '{ "n": 1.0, "e": "\\u00e9" }';
    expect(codeOf(signedHeaders({ body }), JSON.stringify(JSON.parse(body)))).toBe("no_matching_signature");
  });

  test.each<[unknown]>([[{ eventType: "x" }], [[1, 2]], [42], [null], [undefined], [true], [new Map()]])(
    "%j is a parsed value",
    (body) => {
      const error = errorOf(() => verifier.verify({ headers: signedHeaders(), body: body as string }));
      expect(error).toMatchObject({ code: "body_already_parsed", status: 500, hint: expect.any(String) });
    },
  );
});

describe("the first check that fails gives the code", () => {
  const header = signedHeaders();

  test.each<[string, HeadersInput, unknown, string]>([
    [
      "missing header before id",
      { ...header, "svix-id": "a.b", "svix-signature": undefined },
      null,
      "missing_header",
    ],
    ["id before timestamp", { ...header, "svix-id": "a.b", "svix-timestamp": "x" }, null, "invalid_header"],
    [
      "timestamp before signatures",
      { ...header, "svix-timestamp": "x", "svix-signature": "x" },
      null,
      "invalid_timestamp",
    ],
    [
      "tolerance before signatures",
      { ...header, "svix-timestamp": "1", "svix-signature": "x" },
      null,
      "timestamp_too_old",
    ],
    ["signatures before body", { ...header, "svix-signature": "x" }, null, "invalid_signature_header"],
    [
      "body before comparison",
      { ...header, "svix-signature": signatureOf({ id: "b" }) },
      null,
      "body_already_parsed",
    ],
  ])("%s", (_name, headers, body, code) => {
    expect(codeOf(headers, body as string)).toBe(code);
  });
});

describe("forgeries", () => {
  const valid = { headers: signedHeaders(), body: Buffer.from(COMPLETED) };

  /** The text with one bit of it flipped. */
  function flip(text: string, position: number): string {
    const flipped = Buffer.from(text, "latin1");
    const at = Math.floor(position / 8) % flipped.length;
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (position % 8));
    return flipped.toString("latin1");
  }

  test("every single bit of the body", () => {
    for (let position = 0; position < valid.body.length * 8; position++) {
      const body = Buffer.from(flip(valid.body.toString("latin1"), position), "latin1");
      expect(errorOf(() => verifier.verify({ ...valid, body })).code).toBe("no_matching_signature");
    }
  });

  test.each(HEADER_NAMES)("every single bit of %s", (name) => {
    for (let position = 0; position < valid.headers[name].length * 8; position++) {
      const headers = { ...valid.headers, [name]: flip(valid.headers[name], position) };
      expect(errorOf(() => verifier.verify({ ...valid, headers })).status).toBe(400);
    }
  });

  test("property: any message verifies; one bit flipped anywhere, and it does not", () => {
    const message = fc.record({
      id: fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/),
      offset: fc.integer({ min: -300, max: 300 }),
      body: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      part: fc.constantFrom("body", ...HEADER_NAMES),
      position: fc.nat(),
    });
    fc.assert(
      fc.property(message, ({ id, offset, body, part, position }) => {
        const signed = signMessage({ signingSecret: SECRET, id, timestamp: NOW_IN_SECONDS + offset, body });
        expect(verifier.verify(signed).messageId).toBe(id);
        const forged =
          part === "body"
            ? { ...signed, body: Buffer.from(flip(Buffer.from(body).toString("latin1"), position), "latin1") }
            : { ...signed, headers: { ...signed.headers, [part]: flip(signed.headers[part], position) } };
        expect(errorOf(() => verifier.verify(forged)).status).toBe(400);
      }),
      { numRuns: 500 },
    );
  });

  test("property: whatever the three headers and the body are, it is refused with a code", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(...Object.values(valid.headers), "", "v1,", "v1, v1,", `v1,${"A".repeat(43)}=`),
      fc.array(fc.string(), { maxLength: 3 }),
      fc.constant(undefined),
    );
    const headers = fc.record({ "svix-id": value, "svix-timestamp": value, "svix-signature": value });
    fc.assert(
      fc.property(headers, fc.string(), (forged, body) => {
        fc.pre(body !== COMPLETED);
        expect(errorOf(() => verifier.verify({ headers: forged, body })).status).toBe(400);
      }),
      { numRuns: 500 },
    );
  });

  test("no error tells the secret, the right signature or the body", () => {
    const forged = { ...valid.headers, "svix-signature": signatureOf({ secret: OTHER_SECRET }) };
    const told = everythingIn(errorOf(() => verifier.verify({ ...valid, headers: forged })));
    for (const text of [SECRET.slice(6), signatureOf().slice(3), "gen_123"]) expect(told).not.toContain(text);
  });
});
