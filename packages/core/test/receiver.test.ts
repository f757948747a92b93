import { Readable } from "node:stream";
import { setImmediate as immediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { GENERATION_EVENT_TYPES, WebhookError, createReceiver, memoryInbox } from "../src/index.ts";
import type {
  Acceptance,
  AcceptedMessage,
  AttachedReceiver,
  BodySource,
  Delivery,
  DiffioEvent,
  ErrorContext,
  GenerationEventType,
  HandlerContext,
  HeaderValue,
  Inbox,
  RawBody,
  ReceiverOptions,
  Reply,
  SigningSecrets,
} from "../src/index.ts";
import { sampleEvent } from "../src/testing.ts";
import {
  COMPLETED,
  MESSAGE_ID,
  NOW_IN_SECONDS,
  OTHER_SECRET,
  SECRET,
  errorOf,
  now,
  post,
  rejectingThenable,
  signedHeaders,
  turns,
} from "./support/deliveries.ts";
import { acceptOnly, openReceiver } from "./support/receivers.ts";
import { PROTOTYPE_NAMES } from "./vectors/events.ts";

vi.mock("../src/lib/timers.ts", () => import("@diffio-webhooks/test-support/fakeable-timers"));

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The code that a reply carries, after a look at all the rest of it. */
function refusalOf({ status, headers, body, runs }: Reply): string {
  const { error } = JSON.parse(body) as { error: string };
  expect(body).toBe(`{"error":"${error}"}`);
  expect(runs).toBeUndefined();
  const { status: expected } = new WebhookError(error as WebhookError["code"], "");
  expect(status).toBe(expected);
  expect(headers["content-type"]).toBe("application/json");
  expect(headers["allow"]).toBe(status === 405 ? "POST" : undefined);
  if (status === 503) expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
  else expect(headers["retry-after"]).toBeUndefined();
  return error;
}

async function refusal(options: ReceiverOptions, delivery: Delivery): Promise<string> {
  return refusalOf(await openReceiver(options).receive(delivery));
}

function received(reply: Reply): void {
  expect(reply).toMatchObject({ status: 200, body: '{"received":true}' });
  expect(reply.headers).toStrictEqual({ "content-type": "application/json" });
}

/** Everything that goes wrong in one delivery, step by step. */
interface Plan {
  method: string;
  closed: boolean;
  full: boolean;
  headers: Record<string, HeaderValue>;
  signed: { id?: string; timestamp?: string; secret?: string };
  text: string;
  body: RawBody | undefined;
  secretFails: boolean;
  inboxFails: boolean;
}

interface Fault {
  readonly step: number;
  readonly code: string;
  readonly make: (plan: Plan) => void;
}

const TOO_LARGE = 2000;
const failingStream = (): ReadableStream<Uint8Array> =>
  new ReadableStream({
    pull(controller) {
      controller.error(new Error("cut"));
    },
  });

// The steps of the design, in its order. What two faults of one step give is not laid down.
const FAULTS: readonly Fault[] = [
  { step: 1, code: "method_not_allowed", make: (plan) => (plan.method = "GET") },
  { step: 2, code: "receiver_closed", make: (plan) => (plan.closed = true) },
  { step: 2, code: "receiver_busy", make: (plan) => (plan.full = true) },
  {
    step: 3,
    code: "unsupported_content_encoding",
    make: ({ headers }) => (headers["content-encoding"] = "gzip"),
  },
  { step: 4, code: "missing_header", make: ({ headers }) => (headers["svix-signature"] = undefined) },
  { step: 4, code: "invalid_header", make: ({ headers }) => (headers["svix-signature"] = ["v1,a", "v1,b"]) },
  { step: 4, code: "invalid_header", make: ({ headers }) => (headers["webhook-id"] = "msg_1") },
  { step: 5, code: "invalid_header", make: ({ signed }) => (signed.id = "msg.1") },
  { step: 5, code: "invalid_timestamp", make: ({ signed }) => (signed.timestamp = `${NOW_IN_SECONDS}abc`) },
  {
    step: 5,
    code: "timestamp_too_old",
    make: ({ signed }) => (signed.timestamp = String(NOW_IN_SECONDS - 301)),
  },
  {
    step: 5,
    code: "timestamp_too_new",
    make: ({ signed }) => (signed.timestamp = String(NOW_IN_SECONDS + 301)),
  },
  {
    step: 6,
    code: "invalid_signature_header",
    make: ({ headers }) => (headers["svix-signature"] ??= "v1,short"),
  },
  { step: 7, code: "body_too_large", make: (plan) => (plan.text += " ".repeat(TOO_LARGE)) },
  { step: 7, code: "body_incomplete", make: (plan) => (plan.body = failingStream()) },
  { step: 7, code: "body_already_parsed", make: (plan) => (plan.body = { a: 1 } as unknown as string) },
  { step: 8, code: "no_matching_signature", make: ({ signed }) => (signed.secret = OTHER_SECRET) },
  { step: 8, code: "secret_unavailable", make: (plan) => (plan.secretFails = true) },
  { step: 9, code: "invalid_payload", make: (plan) => (plan.text = `not JSON${plan.text}`) },
  { step: 10, code: "inbox_unavailable", make: (plan) => (plan.inboxFails = true) },
];

/** Takes one delivery with the faults, and says what has happened until its reply. */
async function take(faults: readonly Fault[]) {
  const plan: Plan = {
    method: "POST",
    closed: false,
    full: false,
    headers: {},
    signed: {},
    text: COMPLETED,
    body: undefined,
    secretFails: false,
    inboxFails: false,
  };
  for (const fault of faults) fault.make(plan);
  const seen = { bodyRead: false, secretAsked: false, accepted: false, ran: false, codes: [] as string[] };
  const inbox: Inbox = {
    isFull: () => plan.full,
    accept() {
      seen.accepted = true;
      if (plan.inboxFails) throw new Error("disk full");
    },
    attach: ({ run }) => {
      void run;
      return { idle: async () => {}, close: async () => {} };
    },
  };
  const receiver = openReceiver({
    inbox,
    maxBodyBytes: TOO_LARGE,
    signingSecret: () => {
      seen.secretAsked = true;
      return plan.secretFails ? undefined : SECRET;
    },
    onAny: () => (seen.ran = true),
    onRejected: ({ code }) => seen.codes.push(code),
  });
  if (plan.closed) await receiver.close();
  const reply = await receiver.receive({
    method: plan.method,
    headers: { ...signedHeaders({ ...plan.signed, body: plan.text }), ...plan.headers },
    body: () => {
      seen.bodyRead = true;
      return plan.body ?? plan.text;
    },
  });
  return { reply, seen };
}

describe("the steps, in their order", () => {
  test("a delivery without a fault goes all the way", async () => {
    const { reply, seen } = await take([]);
    received(reply);
    expect(seen).toStrictEqual({ bodyRead: true, secretAsked: true, accepted: true, ran: false, codes: [] });
  });

  const cases = FAULTS.map((fault, index) => ({
    ...fault,
    fault,
    later: FAULTS.slice(index + 1).filter(({ step }) => step > fault.step),
  }));

  test.each(cases)("$step: $code", async ({ step, code, fault, later }) => {
    // Alone, and together with each fault of a later step: made first, so that the earlier one has the last word.
    for (const others of [[], ...later.map((other) => [other]), later.filter((other) => other.step > 7)]) {
      const { reply, seen } = await take([...others, fault]);
      const together = `with ${others.map((other) => other.code).join(", ")}`;
      expect(refusalOf(reply), together).toBe(code);
      expect(seen.codes, together).toStrictEqual([code]);
      expect(seen.bodyRead, together).toBe(step >= 7);
      expect(seen.secretAsked, together).toBe(step >= 8);
      expect(seen.accepted, together).toBe(step >= 10);
      expect(seen.ran, together).toBe(false);
    }
  });

  test("a body of a known length that is too large is refused before any secret is asked for", async () => {
    const signingSecret = vi.fn(() => SECRET);
    const code = await refusal({ maxBodyBytes: 10, signingSecret }, post({ body: new Uint8Array(11) }));
    expect(code).toBe("body_too_large");
    expect(signingSecret).not.toHaveBeenCalled();
  });

  test("a body that is not verified is neither decoded nor parsed", async () => {
    const receiver = openReceiver();
    const decode = vi.spyOn(TextDecoder.prototype, "decode");
    const parse = vi.spyOn(JSON, "parse");
    const reply = await receiver.receive(post({ secret: OTHER_SECRET }));
    const calls = [decode.mock.calls.length, parse.mock.calls.length];
    parse.mockRestore();
    expect(refusalOf(reply)).toBe("no_matching_signature");
    expect(calls).toStrictEqual([0, 0]);
  });

  test("nothing is accepted and nothing runs of a delivery that is refused", async () => {
    const accept = vi.fn();
    const onAny = vi.fn();
    const receiver = openReceiver({ inbox: acceptOnly(accept), onAny });
    for (const delivery of [
      post({ secret: OTHER_SECRET }),
      post({ body: "not JSON" }),
      post({ timestamp: "1" }),
    ]) {
      expect((await receiver.receive(delivery)).status).toBe(400);
    }
    await turns();
    expect(accept).not.toHaveBeenCalled();
    expect(onAny).not.toHaveBeenCalled();
  });
});

describe("methods", () => {
  test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "POST ", ""])(
    "%j",
    async (method) => {
      expect(await refusal({}, post({}, { method }))).toBe("method_not_allowed");
    },
  );
});

describe("content encodings", () => {
  test.each<[HeaderValue]>([[undefined], [null], [""], ["identity"], ["Identity"], [["identity"]]])(
    "taken: %j",
    async (encoding) => {
      received(
        await openReceiver().receive(
          post({}, { headers: { ...signedHeaders(), "Content-Encoding": encoding } }),
        ),
      );
    },
  );

  test.each<[HeaderValue]>([
    ["gzip"],
    ["GZIP"],
    ["br"],
    ["deflate"],
    ["zstd"],
    ["x"],
    ["identity, gzip"],
    [["gzip"]],
    [["identity", "gzip"]],
  ])("refused: %j", async (encoding) => {
    const headers = { ...signedHeaders(), "content-encoding": encoding };
    expect(await refusal({}, post({}, { headers }))).toBe("unsupported_content_encoding");
  });

  test("the content type is not looked at", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", ""]) {
      const headers = { ...signedHeaders(), "content-type": type };
      received(await openReceiver().receive(post({}, { headers })));
    }
  });
});

describe("bodies", () => {
  /** Cuts bytes into pieces, an empty one among them. */
  function pieces(bytes: Uint8Array): Uint8Array[] {
    const third = Math.ceil(bytes.length / 3);
    return [
      bytes.subarray(0, third),
      new Uint8Array(),
      bytes.subarray(third, 2 * third),
      bytes.subarray(2 * third),
    ];
  }

  const sources: readonly { readonly name: string; readonly make: (bytes: Uint8Array) => BodySource }[] = [
    { name: "a Uint8Array", make: (bytes) => bytes },
    { name: "a Buffer", make: (bytes) => Buffer.from(bytes) },
    { name: "an ArrayBuffer", make: (bytes) => Uint8Array.from(bytes).buffer },
    { name: "a string", make: (bytes) => Buffer.from(bytes).toString() },
    { name: "a web stream of one chunk", make: (bytes) => new Blob([Uint8Array.from(bytes)]).stream() },
    {
      name: "a web stream of several chunks",
      make: (bytes) => ReadableStream.from<Uint8Array>(pieces(bytes)),
    },
    { name: "a Node stream of one chunk", make: (bytes) => Readable.from([Buffer.from(bytes)]) },
    { name: "a Node stream of several chunks", make: (bytes) => Readable.from(pieces(bytes)) },
    { name: "a function", make: (bytes) => () => bytes },
    { name: "an async function", make: (bytes) => async () => bytes },
    { name: "a function that gives a stream", make: (bytes) => async () => Readable.from(pieces(bytes)) },
  ];

  const SIZE = 1000;
  const bodyOfSize = (size: number): Uint8Array => Buffer.from(COMPLETED.padEnd(size, " "));

  test.each(sources)("$name: the very bytes reach the inbox", async ({ make }) => {
    const accept = vi.fn<(message: AcceptedMessage) => void>();
    const body = Buffer.from(
      JSON.stringify(sampleEvent("generation.completed", { errorDetails: "\u00e9 \u{1F3B5}" })),
    );
    received(await openReceiver({ inbox: acceptOnly(accept) }).receive(post({ body }, { body: make(body) })));
    expect(Buffer.from(accept.mock.calls[0]?.[0].rawBody ?? []).equals(body)).toBe(true);
  });

  test.each(sources)("$name: maxBodyBytes and no byte more", async ({ make }) => {
    const receiver = openReceiver({ maxBodyBytes: SIZE });
    const exact = bodyOfSize(SIZE);
    received(await receiver.receive(post({ body: exact, id: "exact" }, { body: make(exact) })));
    const larger = bodyOfSize(SIZE + 1);
    expect(
      refusalOf(await receiver.receive(post({ body: larger, id: "larger" }, { body: make(larger) }))),
    ).toBe("body_too_large");
  });

  test("by default 1 MiB", async () => {
    const receiver = openReceiver();
    received(await receiver.receive(post({ body: bodyOfSize(1_048_576) })));
    expect(refusalOf(await receiver.receive(post({ body: bodyOfSize(1_048_577) })))).toBe("body_too_large");
  });

  test("bytes are counted, not the characters of a string", async () => {
    const body = JSON.stringify({ eventType: "x", text: "\u00e9".repeat(500) });
    expect(body.length).toBeLessThan(SIZE);
    expect(await refusal({ maxBodyBytes: SIZE }, post({ body }))).toBe("body_too_large");
  });

  test("content-length is not believed", async () => {
    const receiver = openReceiver({ maxBodyBytes: SIZE });
    const larger = bodyOfSize(SIZE + 1);
    const lies = { ...signedHeaders({ body: larger }), "content-length": "1" };
    expect(
      refusalOf(await receiver.receive({ method: "POST", headers: lies, body: Readable.from([larger]) })),
    ).toBe("body_too_large");
    received(
      await receiver.receive(post({}, { headers: { ...signedHeaders(), "content-length": "99999999" } })),
    );
  });

  test("an empty body is verified like any other", async () => {
    for (const { make } of sources) {
      const empty = new Uint8Array();
      expect(await refusal({}, post({ body: empty }, { body: make(empty) }))).toBe("invalid_payload");
      expect(await refusal({}, post({}, { body: make(empty) }))).toBe("no_matching_signature");
    }
  });

  test("a web stream that fails midway", async () => {
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(Buffer.from(COMPLETED));
        else controller.error(new Error("cut"));
      },
    });
    expect(await refusal({}, post({}, { body }))).toBe("body_incomplete");
  });

  describe("without an end", () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    });

    /** Lets the rest of the body be dropped for as long as the receiver likes. */
    async function afterAWhile(): Promise<void> {
      for (let count = 0; count < 20; count++) {
        await immediate();
      }
      await vi.advanceTimersByTimeAsync(10_000);
    }

    test("a web stream is refused and cancelled", async () => {
      const cancel = vi.fn();
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          await immediate();
          controller.enqueue(new Uint8Array(SIZE));
        },
        cancel,
      });
      const reply = refusal({ maxBodyBytes: SIZE }, post({}, { body }));
      await afterAWhile();
      expect(await reply).toBe("body_too_large");
      expect(cancel).toHaveBeenCalledTimes(1);
    });

    test("a web stream that always has more at once is refused and cancelled too", async () => {
      const cancel = vi.fn();
      let chunks = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(new Uint8Array(SIZE));
          // An end after all, so that a receiver that never gives up fails this test and does not hang it.
          if (++chunks === 200_000) controller.close();
        },
        cancel,
      });
      const reply = refusal({ maxBodyBytes: SIZE }, post({}, { body }));
      await afterAWhile();
      expect(await reply).toBe("body_too_large");
      expect(cancel).toHaveBeenCalledTimes(1);
    });

    test.each<[string, () => unknown]>([
      ["never ends", () => new Promise(() => {})],
      ["fails", () => Promise.reject(new Error("no"))],
    ])("a web stream that stalls, and whose cancelling %s", async (_name, cancel) => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new Uint8Array(SIZE + 1)),
        cancel: () => cancel() as Promise<void>,
      });
      const reply = refusal({ maxBodyBytes: SIZE }, post({}, { body }));
      await afterAWhile();
      expect(await reply).toBe("body_too_large");
      await immediate();
    });

    test("a Node stream is refused, then cut", async () => {
      const body = new Readable({
        read() {
          setImmediate(() => this.push(new Uint8Array(SIZE)));
        },
      });
      const reply = refusal({ maxBodyBytes: SIZE }, post({}, { body }));
      await afterAWhile();
      expect(await reply).toBe("body_too_large");
      await afterAWhile();
      expect(body.destroyed).toBe(true);
    });

    test("a Node stream that is too large and then fails is too large", async () => {
      const body = new Readable({ read() {} });
      body.push(new Uint8Array(SIZE + 1));
      const reply = refusal({ maxBodyBytes: SIZE }, post({}, { body }));
      await immediate();
      await immediate();
      body.destroy(new Error("cut"));
      await afterAWhile();
      expect(await reply).toBe("body_too_large");
    });

    test("a Node stream that goes on after it was refused is not cut before the reply can leave", async () => {
      const body = new Readable({ read() {} });
      body.push(new Uint8Array(SIZE + 1));
      const wasDestroyed = refusal({ maxBodyBytes: SIZE }, post({}, { body })).then(() => body.destroyed);
      await afterAWhile();
      expect(await wasDestroyed).toBe(false);
      await afterAWhile();
      expect(body.destroyed).toBe(true);
    });
  });

  test("the rest of a body that is too large is read, so that the client gets to see the reply", async () => {
    let read = 0;
    const rest = function* (): Generator<Uint8Array> {
      for (; read < 20; read++) yield new Uint8Array(SIZE);
    };
    const node = Readable.from(rest());
    expect(await refusal({ maxBodyBytes: SIZE }, post({}, { body: node }))).toBe("body_too_large");
    expect(read).toBe(20);
    read = 0;
    const web = ReadableStream.from<Uint8Array>(rest());
    expect(await refusal({ maxBodyBytes: SIZE }, post({}, { body: web }))).toBe("body_too_large");
    expect(read).toBe(20);
  });

  test("a web stream that somebody else reads", async () => {
    const body = new Blob([COMPLETED]).stream();
    body.getReader();
    expect(await refusal({}, post({}, { body }))).toBe("body_already_parsed");
  });

  test.each<[string, (stream: Readable) => void]>([
    ["is destroyed", (stream) => stream.destroy()],
    ["is destroyed with an error", (stream) => stream.destroy(new Error("cut"))],
    [
      "fails, and then again",
      (stream) => stream.emit("error", new Error("cut")) && stream.emit("error", new Error("again")),
    ],
  ])("a Node stream that %s midway", async (_name, cut) => {
    const body = new Readable({ read() {} });
    body.push(Buffer.from(COMPLETED));
    const reply = openReceiver().receive(post({}, { body }));
    await turns();
    cut(body);
    expect(refusalOf(await reply)).toBe("body_incomplete");
    await turns();
  });

  test("a Node stream that somebody has paused is read all the same", async () => {
    const body = Readable.from([Buffer.from(COMPLETED)]);
    body.pause();
    const replied = vi.fn();
    void openReceiver().receive(post({}, { body })).then(replied);
    await turns();
    expect(replied.mock.calls).toMatchObject([[{ status: 200 }]]);
  });

  test("a Node stream that was destroyed before", async () => {
    const body = Readable.from([COMPLETED]);
    body.destroy();
    expect(await refusal({}, post({}, { body }))).toBe("body_incomplete");
  });

  test.each<[BufferEncoding, number]>([
    ["utf8", 10],
    ["utf8", 20_000],
    ["utf-8", 10],
    ["latin1", 20_000],
  ])("a Node stream that somebody made one of text, by setEncoding(%j)", async (encoding, padding) => {
    const text = COMPLETED.replace("}", ', "x": "é日本"}').padEnd(COMPLETED.length + padding, " ");
    const body = Readable.from([Buffer.from(text)], { objectMode: false }).setEncoding(encoding);
    received(await openReceiver().receive(post({ body: text }, { body })));
  });

  test("a Node stream of text that its bytes cannot be made of again", async () => {
    const body = Readable.from([Buffer.from(COMPLETED)], { objectMode: false }).setEncoding("hex");
    expect(await refusal({}, post({}, { body }))).toBe("body_already_parsed");
  });

  test.each<[string, unknown]>([
    ["a parsed event", sampleEvent("generation.completed")],
    ["an array", [1]],
    ["a number", 1],
    ["null", null],
    ["undefined", undefined],
  ])("%s instead of bytes, given or got from a function", async (_name, parsed) => {
    expect(await refusal({}, post({}, { body: parsed as string }))).toBe("body_already_parsed");
    expect(await refusal({}, post({}, { body: () => parsed as string }))).toBe("body_already_parsed");
  });

  test("a function may say itself that the bytes are gone", async () => {
    const onRejected = vi.fn();
    const body = (): never => {
      throw new WebhookError("body_already_parsed", "gone", { hint: "mount it first" });
    };
    expect(await refusal({ onRejected }, post({}, { body }))).toBe("body_already_parsed");
    expect(onRejected.mock.calls[0]?.[0]).toMatchObject({ hint: "mount it first" });
  });
});

describe("secrets from a function", () => {
  test("get the platform, at each delivery", async () => {
    const signingSecret = vi.fn((platform: { env: string }) => platform.env);
    const receiver = openReceiver({ signingSecret });
    received(await receiver.receive(post({ id: "a" }), { env: SECRET }));
    received(await receiver.receive(post({ id: "b", secret: OTHER_SECRET }), { env: OTHER_SECRET }));
    expect(refusalOf(await receiver.receive(post({ id: "c" }), { env: OTHER_SECRET }))).toBe(
      "no_matching_signature",
    );
    expect(signingSecret.mock.calls).toStrictEqual([
      [{ env: SECRET }],
      [{ env: OTHER_SECRET }],
      [{ env: OTHER_SECRET }],
    ]);
  });

  test.each<[string, () => SigningSecrets | Promise<SigningSecrets>]>([
    ["sync", () => SECRET],
    ["async", async () => SECRET],
    ["a list", () => [OTHER_SECRET, SECRET]],
    ["a record, async", async () => ({ eu: OTHER_SECRET, us: SECRET })],
  ])("%s", async (_name, signingSecret) => {
    received(await openReceiver({ signingSecret }).receive(post()));
  });

  test("more of them than are kept", async () => {
    const receiver = openReceiver<string>({ signingSecret: (secret) => secret });
    for (let index = 0; index < 250; index++) {
      const secret = `whsec_${Buffer.alloc(24, index).toString("base64")}`;
      received(await receiver.receive(post({ id: `msg_${index}`, secret }), secret));
    }
  });

  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("vault sealed");
      },
    ],
    [
      "throws undefined",
      () => {
        throw undefined;
      },
    ],
    ["rejects", () => Promise.reject(new Error("vault sealed"))],
    ["gives undefined", () => undefined],
    ["gives null", async () => null],
    ["gives an empty text", () => ""],
    ["gives a short secret", () => "whsec_c2hvcnQ="],
    ["gives an empty list", () => []],
    ["gives an empty record", () => ({})],
    ["gives a number", () => 42],
    ["gives a function", () => () => SECRET],
  ])("one that %s", async (_name, source) => {
    const onRejected = vi.fn();
    const signingSecret = source as () => SigningSecrets;
    const onAny = vi.fn();
    const receiver = openReceiver({ signingSecret, onRejected, onAny });
    expect(refusalOf(await receiver.receive(post()))).toBe("secret_unavailable");
    expect(onRejected.mock.calls[0]?.[0]).toMatchObject({
      code: "secret_unavailable",
      hint: expect.stringMatching(/./),
    });
    expect(onAny).not.toHaveBeenCalled();
  });

  test("one that fails once does not fail for ever", async () => {
    const signingSecret = vi.fn<() => string>().mockReturnValueOnce("").mockReturnValue(SECRET);
    const receiver = openReceiver({ signingSecret });
    expect(refusalOf(await receiver.receive(post()))).toBe("secret_unavailable");
    received(await receiver.receive(post()));
  });
});

describe("rotation and names", () => {
  test("any secret of a list, and no name", async () => {
    const onAny = vi.fn<(event: DiffioEvent, context: HandlerContext) => void>();
    const receiver = openReceiver({ signingSecret: [SECRET, OTHER_SECRET], onAny });
    received(await receiver.receive(post({ id: "a" })));
    received(await receiver.receive(post({ id: "b", secret: OTHER_SECRET })));
    await receiver.idle();
    for (const [, context] of onAny.mock.calls) expect(context.secretName).toBeUndefined();
  });

  test("the name of the one that matched reaches inbox and callback", async () => {
    const onAny = vi.fn<(event: DiffioEvent, context: HandlerContext) => void>();
    const receiver = openReceiver({
      signingSecret: { eu: SECRET, us: ["whsec_" + "A".repeat(32), OTHER_SECRET] },
      onAny,
    });
    received(await receiver.receive(post({ secret: OTHER_SECRET })));
    await receiver.idle();
    expect(onAny.mock.calls[0]?.[1].secretName).toBe("us");
    const accept = vi.fn();
    received(
      await openReceiver({ signingSecret: { eu: SECRET }, inbox: acceptOnly(accept) }).receive(post()),
    );
    expect(accept.mock.calls[0]?.[0]).toMatchObject({ secretName: "eu" });
  });
});

describe("callbacks", () => {
  test.each(GENERATION_EVENT_TYPES)("%s runs its own, and no other", async (eventType) => {
    const on = {
      "generation.queued": vi.fn<(event: unknown) => void>(),
      "generation.processing": vi.fn<(event: unknown) => void>(),
      "generation.failed": vi.fn<(event: unknown) => void>(),
      "generation.completed": vi.fn<(event: unknown) => void>(),
    } satisfies Record<GenerationEventType, unknown>;
    const onUnknown = vi.fn();
    const receiver = openReceiver({ on, onUnknown });
    const event = sampleEvent(eventType);
    received(await receiver.receive(post({ body: JSON.stringify(event) })));
    await receiver.idle();
    for (const type of GENERATION_EVENT_TYPES)
      expect(on[type]).toHaveBeenCalledTimes(type === eventType ? 1 : 0);
    expect(on[eventType].mock.calls[0]?.[0]).toStrictEqual(event);
    expect(onUnknown).not.toHaveBeenCalled();
  });

  test("onAny comes first and is awaited", async () => {
    const gate = Promise.withResolvers<void>();
    const order: string[] = [];
    const receiver = openReceiver({
      onAny: async () => {
        order.push("onAny");
        await gate.promise;
        order.push("onAny ends");
      },
      on: { "generation.completed": () => order.push("typed") },
    });
    await receiver.receive(post());
    await turns();
    expect(order).toStrictEqual(["onAny"]);
    gate.resolve();
    await receiver.idle();
    expect(order).toStrictEqual(["onAny", "onAny ends", "typed"]);
  });

  test("where onAny fails, the typed one does not run", async () => {
    const typed = vi.fn();
    const onAny = vi.fn().mockRejectedValue(new Error("failed"));
    const receiver = openReceiver({ onAny, on: { "generation.completed": typed } });
    await receiver.receive(post());
    await receiver.idle();
    expect(onAny).toHaveBeenCalledTimes(3);
    expect(typed).not.toHaveBeenCalled();
  });

  test.each(["generation.cancelled", "", ...PROTOTYPE_NAMES])(
    "an event of the type %j goes to onAny and onUnknown",
    async (eventType) => {
      const [onAny, onUnknown, onError, typed] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
      const receiver = openReceiver({ onAny, onUnknown, onError, on: { "generation.completed": typed } });
      const event = { eventType, extra: 1 };
      received(await receiver.receive(post({ body: JSON.stringify(event) })));
      await receiver.idle();
      expect(onAny.mock.calls.map(([seen]) => seen as unknown)).toStrictEqual([event]);
      expect(onUnknown.mock.calls.map(([seen]) => seen as unknown)).toStrictEqual([event]);
      expect(typed).not.toHaveBeenCalled();
      expect(onError).not.toHaveBeenCalled();
    },
  );

  test.each<[string, ReceiverOptions]>([
    ["none at all", {}],
    ["none of this type", { on: { "generation.queued": () => {} } }],
    [
      "none of this type, by name",
      { on: { "generation.completed": undefined }, onAny: undefined, onUnknown: undefined },
    ],
  ])("%s: accepted, answered and done", async (_name, options) => {
    const onError = vi.fn();
    const receiver = openReceiver({ ...options, onError });
    received(await receiver.receive(post({ id: "a" })));
    received(await receiver.receive(post({ id: "b", body: '{"eventType":"x"}' })));
    await receiver.idle();
    expect(onError).not.toHaveBeenCalled();
  });

  test("callbacks are called without a this of ours", async () => {
    const seen: unknown[] = [];
    const receiver = openReceiver({
      onAny(this: unknown) {
        seen.push(this);
      },
    });
    await receiver.receive(post());
    await receiver.idle();
    expect(seen).toHaveLength(1);
  });

  test("what a callback changes in the event, the next run does not see", async () => {
    const seen: unknown[] = [];
    const receiver = openReceiver({
      on: {
        "generation.completed": (event) => {
          seen.push(structuredClone(event));
          event.generationId = "changed";
          Object.assign(event, { extra: 1 });
          throw new Error("failed");
        },
      },
    });
    await receiver.receive(post());
    await receiver.idle();
    expect(seen).toStrictEqual(Array.from({ length: 3 }, () => JSON.parse(COMPLETED) as unknown));
  });
});

describe("the context of a callback", () => {
  async function contextsOf(delivery = post(), options: ReceiverOptions<string> = {}, platform?: string) {
    const contexts: HandlerContext<string>[] = [];
    const receiver = openReceiver<string>({
      ...options,
      onAny: (_event, context) => void contexts.push(context),
    });
    await receiver.receive(delivery, platform);
    await receiver.idle();
    return contexts;
  }

  test("has id, time, run, bytes, signal and platform", async () => {
    const [context] = await contextsOf(post(), {}, "the platform");
    expect(context).toMatchObject({
      messageId: MESSAGE_ID,
      timestamp: new Date(NOW_IN_SECONDS * 1000),
      run: 1,
      platform: "the platform",
    });
    expect(Buffer.from(context?.rawBody ?? []).toString()).toBe(COMPLETED);
    expect(context?.signal).toBeInstanceOf(AbortSignal);
    expect(context?.signal.aborted).toBe(false);
    expect(context?.signal).toBe(context?.signal);
  });

  test("the time is that of the signature, not of the clock", async () => {
    const [context] = await contextsOf(post({ timestamp: String(NOW_IN_SECONDS - 200) }));
    expect(context?.timestamp.getTime()).toBe((NOW_IN_SECONDS - 200) * 1000);
  });

  test("has a signal, the same at each look", async () => {
    const [context] = await contextsOf(post(), { signingSecret: { eu: SECRET } }, "the platform");
    expect(context?.signal).toBeInstanceOf(AbortSignal);
    expect(context?.signal).toBe(context?.signal);
  });

  test("has no platform and no name of a secret where there is none", async () => {
    const [context] = await contextsOf();
    expect(context?.platform).toBeUndefined();
    expect(context?.secretName).toBeUndefined();
  });

  test("counts the runs, and keeps the platform through all of them", async () => {
    const contexts: HandlerContext<string>[] = [];
    const receiver = openReceiver<string>({
      onAny: (_event, context) => {
        contexts.push(context);
        throw new Error("failed");
      },
    });
    await receiver.receive(post(), "the platform");
    await receiver.idle();
    expect(contexts.map(({ run, platform }) => [run, platform])).toStrictEqual(
      [1, 2, 3].map((run) => [run, "the platform"]),
    );
    expect(new Set(contexts.map(({ signal }) => signal)).size).toBe(3);
  });
});

describe("failed runs", () => {
  /** A receiver whose callback fails as told, and what onError hears of it. */
  async function failuresOf(callback: () => unknown, options: ReceiverOptions = {}) {
    const failures: { error: unknown; context: ErrorContext }[] = [];
    const receiver = openReceiver({
      on: { "generation.completed": callback },
      onError: (error, context) => void failures.push({ error, context }),
      ...options,
    });
    received(await receiver.receive(post()));
    await receiver.idle();
    return failures;
  }

  const error = new Error("failed");

  test.each<[string, () => unknown, unknown]>([
    [
      "throws",
      () => {
        throw error;
      },
      error,
    ],
    ["rejects", () => Promise.reject(error), error],
    [
      "throws undefined",
      () => {
        throw undefined;
      },
      undefined,
    ],
    ["rejects with undefined", () => Promise.reject(undefined), undefined],
    [
      "throws a text",
      () => {
        throw "failed";
      },
      "failed",
    ],
    [
      "throws null",
      () => {
        throw null;
      },
      null,
    ],
    ["gives a thenable that rejects", () => rejectingThenable(error), error],
  ])(
    "a callback that %s: onError once for each run, final for the last only",
    async (_name, callback, thrown) => {
      const failures = await failuresOf(callback);
      expect(failures.map((failure) => failure.error)).toStrictEqual([thrown, thrown, thrown]);
      expect(failures.map(({ context }) => [context.run, context.final])).toStrictEqual([
        [1, false],
        [2, false],
        [3, true],
      ]);
    },
  );

  test("a callback that fails once runs again and is done", async () => {
    const callback = vi.fn().mockRejectedValueOnce(error);
    expect((await failuresOf(callback)).map(({ context }) => context.final)).toStrictEqual([false]);
    expect(callback).toHaveBeenCalledTimes(2);
  });

  test("onError is told which event failed", async () => {
    const [failure] = await failuresOf(() => Promise.reject(error), { signingSecret: { eu: SECRET } });
    expect(failure?.context).toMatchObject({
      eventType: "generation.completed",
      event: JSON.parse(COMPLETED) as unknown,
      messageId: MESSAGE_ID,
      timestamp: new Date(NOW_IN_SECONDS * 1000),
      secretName: "eu",
    });
    expect(failure?.context.signal).toBeInstanceOf(AbortSignal);
    expect(Buffer.from(failure?.context.rawBody ?? []).toString()).toBe(COMPLETED);
  });

  test("onError is told of an inbox's message that is no event, as after a change of versions", async () => {
    const onError = vi.fn();
    let run: Parameters<NonNullable<Inbox["attach"]>>[0]["run"] | undefined;
    const attachment = { idle: async () => {}, close: async () => {} };
    const inbox: Inbox = {
      accept: () => {},
      attach: (receiver) => {
        run = receiver.run;
        return attachment;
      },
    };
    const onAny = vi.fn();
    openReceiver({ inbox, onError, onAny });
    const stored = {
      receiver: "default",
      messageId: "a",
      timestamp: new Date(0),
      rawBody: Buffer.from("{"),
      eventType: "x",
    };
    await expect(run?.(stored, { run: 4, final: false })).resolves.toMatchObject({
      succeeded: false,
      final: true,
      reason: "invalid_payload",
    });
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls[0]?.[1]).toMatchObject({ eventType: "x", run: 4, final: true, messageId: "a" });
    expect(onError.mock.calls[0]?.[1]).toHaveProperty("event", undefined);
    await expect(
      run?.({ ...stored, rawBody: Buffer.from(COMPLETED) }, { run: 1, final: true }),
    ).resolves.toStrictEqual({ succeeded: true });
    expect(onAny.mock.calls[0]?.[0]).toStrictEqual(JSON.parse(COMPLETED));
  });

  test("a hook that fails changes neither reply nor run, and is not hidden", async () => {
    const consoleError = vi.spyOn(console, "error").mockImplementation(() => {});
    const hookError = new Error("the hook failed");
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    for (const hook of [
      () => {
        throw hookError;
      },
      () => Promise.reject(hookError),
      () => rejectingThenable(hookError),
    ]) {
      consoleError.mockClear();
      const callback = vi.fn().mockRejectedValueOnce(error);
      const receiver = openReceiver({
        on: { "generation.completed": callback },
        onError: hook,
        onRejected: hook,
      });
      expect(refusalOf(await receiver.receive(post({ secret: OTHER_SECRET })))).toBe("no_matching_signature");
      received(await receiver.receive(post()));
      await receiver.idle();
      await turns();
      expect(callback).toHaveBeenCalledTimes(2);
      expect(consoleError.mock.calls.map((args) => args.at(-1) as unknown)).toStrictEqual([
        hookError,
        hookError,
      ]);
    }
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test("a slow hook holds up nothing", async () => {
    const callback = vi.fn().mockRejectedValueOnce(error);
    const receiver = openReceiver({
      onAny: callback,
      onError: () => new Promise(() => {}),
      onRejected: () => new Promise(() => {}),
    });
    expect(refusalOf(await receiver.receive(post({ secret: OTHER_SECRET })))).toBe("no_matching_signature");
    received(await receiver.receive(post()));
    await receiver.idle();
    expect(callback).toHaveBeenCalledTimes(2);
  });

  test("onRejected gets the error, the delivery and the platform", async () => {
    const onRejected = vi.fn();
    const delivery = post({ secret: OTHER_SECRET });
    const platform = {};
    await openReceiver({ onRejected }).receive(delivery, platform);
    expect(onRejected).toHaveBeenCalledTimes(1);
    expect(onRejected.mock.calls[0]?.[0]).toBeInstanceOf(WebhookError);
    expect(onRejected.mock.calls[0]?.[1]).toBe(delivery);
    expect(onRejected.mock.calls[0]?.[2]).toBe(platform);
  });
});

describe("time limits", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  test("a callback that never ends has failed, and its signal says so", async () => {
    const signals: AbortSignal[] = [];
    const onError = vi.fn();
    const receiver = openReceiver({
      handlerTimeoutInSeconds: 10,
      inbox: memoryInbox({ maxRuns: 2, backoffInSeconds: 0 }),
      onError,
      onAny: (_event, { signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    await receiver.receive(post());
    await vi.advanceTimersByTimeAsync(9990);
    expect(signals.map(({ aborted }) => aborted)).toStrictEqual([false]);
    expect(onError).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(20);
    expect(signals[0]?.aborted).toBe(true);
    expect(signals[0]?.reason).toMatchObject({ code: "handler_timeout" });
    expect(signals).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(10_010);
    await receiver.idle();
    expect(onError).toHaveBeenCalledTimes(2);
    for (const [index, [error, context]] of onError.mock.calls.entries()) {
      expect(error).toMatchObject({ code: "handler_timeout", status: 500, hint: expect.any(String) });
      expect(context).toMatchObject({ run: index + 1, final: index === 1 });
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a callback that is within it leaves no timer, and its signal alone", async () => {
    const signals: AbortSignal[] = [];
    const receiver = openReceiver({ onAny: (_event, { signal }) => void signals.push(signal) });
    await receiver.receive(post());
    await vi.advanceTimersByTimeAsync(1);
    await receiver.idle();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(signals.map(({ aborted }) => aborted)).toStrictEqual([false]);
  });

  test("by default it is 300 s", async () => {
    const onError = vi.fn();
    const receiver = openReceiver({ onError, onAny: () => new Promise(() => {}) });
    await receiver.receive(post());
    await vi.advanceTimersByTimeAsync(299_990);
    expect(onError).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(20);
    expect(onError).toHaveBeenCalledTimes(1);
  });

  test("onAny and the typed callback share it", async () => {
    const onError = vi.fn();
    const wait = (): Promise<void> =>
      new Promise((resolve) => {
        setTimeout(resolve, 6000);
      });
    const receiver = openReceiver({
      handlerTimeoutInSeconds: 10,
      inbox: memoryInbox({ maxRuns: 1 }),
      onError,
      onAny: wait,
      on: { "generation.completed": wait },
    });
    await receiver.receive(post());
    await vi.runAllTimersAsync();
    expect(onError.mock.calls.map(([error]) => error as unknown)).toMatchObject([
      { code: "handler_timeout" },
    ]);
  });

  test("a signal that is first looked at when the time is up is aborted too", async () => {
    const seen: boolean[] = [];
    const gate = Promise.withResolvers<void>();
    const receiver = openReceiver({
      handlerTimeoutInSeconds: 10,
      inbox: memoryInbox({ maxRuns: 1 }),
      onAny: async (_event, context) => {
        await gate.promise;
        seen.push(context.signal.aborted);
      },
      onError: (_error, context) => seen.push(context.signal.aborted),
    });
    await receiver.receive(post());
    await vi.advanceTimersByTimeAsync(10_010);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toStrictEqual([true, true]);
  });

  test("a callback that rejects after its time is heard of once", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const onError = vi.fn();
    const gate = Promise.withResolvers<void>();
    const receiver = openReceiver({
      handlerTimeoutInSeconds: 10,
      inbox: memoryInbox({ maxRuns: 1 }),
      onError,
      onAny: () => gate.promise,
    });
    await receiver.receive(post());
    await vi.advanceTimersByTimeAsync(10_010);
    gate.reject(new Error("too late"));
    vi.useRealTimers();
    await turns();
    process.off("unhandledRejection", unhandled);
    expect(onError).toHaveBeenCalledTimes(1);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe("without hooks the console is told", () => {
  test("of each failed run: id, type and error, never the body", async () => {
    const consoleError = vi.spyOn(console, "error").mockImplementation(() => {});
    const error = new Error("failed");
    const receiver = openReceiver({ onError: undefined, onAny: () => Promise.reject(error) });
    await receiver.receive(post());
    await receiver.idle();
    expect(consoleError).toHaveBeenCalledTimes(3);
    for (const args of consoleError.mock.calls) {
      const text = args.map(String).join(" ");
      expect(text).toContain(MESSAGE_ID);
      expect(text).toContain("generation.completed");
      expect(args).toContain(error);
      expect(text).not.toContain("gen_123");
      expect(text).not.toContain(SECRET.slice(6));
    }
  });

  test("of the first refusal of each code, with its hint", async () => {
    const consoleWarn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const receiver = openReceiver({ onRejected: undefined });
    const forged = post({ secret: OTHER_SECRET, body: '{"eventType":"hunter22"}' });
    const broken = post({ body: '{"hunter22"' });
    for (const delivery of [forged, forged, broken, forged, broken]) {
      await receiver.receive(delivery);
    }
    const texts = consoleWarn.mock.calls.map((args) => args.map(String).join(" "));
    expect(texts).toHaveLength(2);
    expect(texts[0]).toMatch(/no_matching_signature.*another endpoint/s);
    expect(texts[1]).toMatch(/invalid_payload/);
    for (const text of texts) {
      expect(text).not.toContain("hunter22");
      expect(text).not.toContain(SECRET.slice(6));
      expect(text).not.toContain(signedHeaders()["svix-signature"].slice(3));
    }
  });

  test("by each receiver for itself", async () => {
    const consoleWarn = vi.spyOn(console, "warn").mockImplementation(() => {});
    await openReceiver({ onRejected: undefined }).receive(post({ timestamp: "1" }));
    await openReceiver({ onRejected: undefined }).receive(post({ timestamp: "1" }));
    expect(consoleWarn).toHaveBeenCalledTimes(2);
  });

  test("of no secret, even where a secret function gives a bad one", async () => {
    const consoleWarn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const signingSecret = (): string => "whsec_hunter22hunter22";
    await openReceiver({ onRejected: undefined, signingSecret }).receive(post());
    expect(consoleWarn).toHaveBeenCalledTimes(1);
    expect(
      consoleWarn.mock.calls[0]?.map((part) => (part instanceof Error ? part.stack : String(part))).join(" "),
    ).not.toContain("hunter22");
  });

  test("of nothing while all is well", async () => {
    const spies = [vi.spyOn(console, "error"), vi.spyOn(console, "warn"), vi.spyOn(console, "log")];
    const receiver = openReceiver({ onError: undefined, onRejected: undefined, onAny: () => {} });
    await receiver.receive(post());
    await receiver.receive(post());
    await receiver.idle();
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });
});

describe("reply first, then run", () => {
  test("callbacks wait until the reply has left", async () => {
    const replied = Promise.withResolvers<void>();
    const onAny = vi.fn();
    const receiver = openReceiver({ onAny });
    received(await receiver.receive(post({}, { replied: replied.promise })));
    await turns();
    expect(onAny).not.toHaveBeenCalled();
    replied.resolve();
    await receiver.idle();
    expect(onAny).toHaveBeenCalledTimes(1);
  });

  test("a reply that never left, because the client had gone, loses nothing", async () => {
    const [onAny, onError] = [vi.fn(), vi.fn()];
    const receiver = openReceiver({ onAny, onError });
    const replied = Promise.reject(new Error("socket closed"));
    received(await receiver.receive(post({}, { replied })));
    await receiver.idle();
    expect(onAny).toHaveBeenCalledTimes(1);
    expect(onError).not.toHaveBeenCalled();
  });

  test("where nobody tells, they wait for those who wait for the reply", async () => {
    const order: string[] = [];
    const receiver = openReceiver({ onAny: () => order.push("run") });
    const { promise, resolve } = Promise.withResolvers<void>();
    async function answer(): Promise<void> {
      received(await receiver.receive(post()));
      // An adapter that has still a good many promises to go.
      for (let step = 0; step < 100; step++) {
        await Promise.resolve();
      }
      order.push("replied");
      resolve();
    }
    await Promise.all([answer(), promise]);
    await receiver.idle();
    expect(order).toStrictEqual(["replied", "run"]);
  });

  test("a callback that blocks or fails does not change the reply", async () => {
    const receiver = openReceiver({
      onAny: () => {
        throw new Error("failed");
      },
    });
    received(await receiver.receive(post()));
    await receiver.idle();
  });

  test("the reply carries the runs", async () => {
    const gate = Promise.withResolvers<void>();
    let ended = false;
    const receiver = openReceiver({ onAny: () => gate.promise });
    const { runs } = await receiver.receive(post());
    const watched = runs?.then((value) => {
      ended = true;
      return value;
    });
    await turns();
    expect(ended).toBe(false);
    gate.resolve();
    await watched;
    expect(ended).toBe(true);
  });

  test("the runs of one that fails resolve too", async () => {
    const onAny = vi.fn(() => Promise.reject(new Error("failed")));
    const receiver = openReceiver({ onAny });
    const { runs } = await receiver.receive(post());
    await runs;
    expect(onAny).toHaveBeenCalledTimes(3);
  });
});

describe('acknowledge: "after-handlers"', () => {
  const acknowledge = "after-handlers";

  test("200 after success", async () => {
    const gate = Promise.withResolvers<void>();
    const receiver = openReceiver({ acknowledge, onAny: () => gate.promise });
    const replied = vi.fn();
    const reply = receiver.receive(post());
    void reply.then(replied);
    await turns();
    expect(replied).not.toHaveBeenCalled();
    gate.resolve();
    received(await reply);
  });

  test("does not wait for the reply to leave, which waits for it", async () => {
    const receiver = openReceiver({ acknowledge });
    received(await receiver.receive(post({}, { replied: new Promise(() => {}) })));
  });

  test("500 after failure: one run, the claim is released, the sender's retry runs again", async () => {
    const [onError, onRejected] = [vi.fn(), vi.fn()];
    const callback = vi.fn().mockRejectedValueOnce(new Error("failed"));
    const inbox = memoryInbox({ maxRuns: 5, backoffInSeconds: 0 });
    const receiver = openReceiver({ acknowledge, inbox, onAny: callback, onError, onRejected });
    expect(refusalOf(await receiver.receive(post()))).toBe("handler_failed");
    expect(callback).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls.map(([, context]) => context as unknown)).toMatchObject([
      { run: 1, final: true },
    ]);
    expect(onRejected).not.toHaveBeenCalled();
    received(await receiver.receive(post()));
    received(await receiver.receive(post()));
    expect(callback.mock.calls.map(([, context]) => (context as HandlerContext).run)).toStrictEqual([1, 1]);
  });

  test.each([true, false])(
    "copies that arrive meanwhile share the run and its answer: success %j",
    async (succeeds) => {
      const gate = Promise.withResolvers<void>();
      const callback = vi.fn(() => gate.promise);
      const receiver = openReceiver({ acknowledge, onAny: callback });
      const first = receiver.receive(post());
      await turns();
      const copies = [first, receiver.receive(post()), receiver.receive(post())];
      await turns();
      if (succeeds) gate.resolve();
      else gate.reject(new Error("failed"));
      for (const reply of await Promise.all(copies)) {
        if (succeeds) received(reply);
        else expect(refusalOf(reply)).toBe("handler_failed");
      }
      expect(callback).toHaveBeenCalledTimes(1);
    },
  );

  test("the platform is kept alive for the run from its start: a client that disconnects must not end it", async () => {
    let finish: () => void = () => {};
    const onAny = (): Promise<void> =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const kept: Promise<unknown>[] = [];
    const waitUntil = (runs: Promise<unknown>): void => void kept.push(runs);
    const receiver = openReceiver({ acknowledge: "after-handlers", onAny });
    const reply = receiver.receive(post({}, { waitUntil }));
    await turns();
    expect(kept).toHaveLength(1);
    let over = false;
    void kept[0]?.then(() => {
      over = true;
    });
    await turns();
    expect(over).toBe(false);
    finish();
    expect((await reply).status).toBe(200);
    await turns();
    expect(over).toBe(true);
    expect(kept).toHaveLength(1);
  });

  test("what the platform is kept alive for never rejects", async () => {
    const kept: Promise<unknown>[] = [];
    const inbox: Inbox = {
      accept: () => {},
      acceptAndRun: () => ({ duplicate: false, outcome: Promise.reject(new Error("disk full")) }),
    };
    const receiver = openReceiver({
      acknowledge: "after-handlers",
      inbox,
      waitUntil: (runs) => void kept.push(runs),
    });
    expect((await receiver.receive(post())).status).toBe(503);
    expect(kept).toHaveLength(1);
    await expect(kept[0]).resolves.toBeUndefined();
  });

  test("a callback that never ends is answered when its time is up", async () => {
    vi.useFakeTimers();
    const receiver = openReceiver({
      acknowledge,
      handlerTimeoutInSeconds: 5,
      onAny: () => new Promise(() => {}),
    });
    const reply = receiver.receive(post());
    await vi.advanceTimersByTimeAsync(5000);
    expect(refusalOf(await reply)).toBe("handler_failed");
  });

  test("a type without a callback is answered 200", async () => {
    received(await openReceiver({ acknowledge }).receive(post({ body: '{"eventType":"x"}' })));
  });

  test("503 where there is no room", async () => {
    const gate = Promise.withResolvers<void>();
    const inbox = memoryInbox({ concurrency: 1, maxWaiting: 0 });
    const receiver = openReceiver({ acknowledge, inbox, onAny: () => gate.promise });
    const replies = [receiver.receive(post({ id: "a" })), receiver.receive(post({ id: "b" }))] as const;
    expect(refusalOf(await replies[1])).toBe("receiver_busy");
    gate.resolve();
    received(await replies[0]);
  });

  test("an inbox that cannot take the message: 503, and nothing has run", async () => {
    for (const acceptAndRun of [
      () => ({ duplicate: false, outcome: Promise.reject(new Error("down")) }),
      () => {
        throw new Error("down");
      },
    ]) {
      const inbox: Inbox = { accept: () => {}, acceptAndRun };
      expect(refusalOf(await openReceiver({ acknowledge, inbox }).receive(post()))).toBe("inbox_unavailable");
    }
  });

  test("is refused with an inbox that only accepts, as durable ones do", () => {
    const error = errorOf(() => openReceiver({ acknowledge, inbox: acceptOnly() }));
    expect(error).toMatchObject({ code: "invalid_option", hint: expect.stringMatching(/./) });
  });
});

describe("inboxes", () => {
  test("one with nothing but accept will do", async () => {
    const accept = vi.fn();
    const receiver = openReceiver({ inbox: acceptOnly(accept), name: "music" });
    const reply = await receiver.receive(post());
    received(reply);
    expect(reply.runs).toBeUndefined();
    expect(accept).toHaveBeenCalledTimes(1);
    expect(accept.mock.calls[0]?.[0]).toMatchObject({
      receiver: "music",
      messageId: MESSAGE_ID,
      timestamp: new Date(NOW_IN_SECONDS * 1000),
      eventType: "generation.completed",
    });
    await receiver.idle();
    await receiver.close();
  });

  test("is told by its methods, which keep their this", async () => {
    class Stored {
      readonly messages: AcceptedMessage[] = [];
      accept(message: AcceptedMessage): void {
        this.messages.push(message);
      }
    }
    const inbox = new Stored();
    received(await openReceiver({ inbox }).receive(post()));
    expect(inbox.messages).toHaveLength(1);
  });

  test("the reply waits until the message is stored", async () => {
    const stored = Promise.withResolvers<void>();
    const replied = vi.fn();
    const reply = openReceiver({ inbox: acceptOnly(() => stored.promise) }).receive(post());
    void reply.then(replied);
    await turns();
    expect(replied).not.toHaveBeenCalled();
    stored.resolve();
    received(await reply);
  });

  test("the reply waits for a promise of another kind than the runtime's own", async () => {
    let store: () => void = () => {};
    const thenable = {
      // Being one is what it is for.
      // eslint-disable-next-line unicorn/no-thenable
      then: (resolve: (acceptance: Acceptance) => void) => {
        store = () => resolve({ duplicate: false });
      },
    };
    const accept = (): Promise<Acceptance> => thenable as unknown as Promise<Acceptance>;
    let reply: Reply | undefined;
    const replying = openReceiver({ inbox: acceptOnly(accept) })
      .receive(post())
      .then((given) => {
        reply = given;
      });
    await turns();
    expect(reply).toBeUndefined();
    store();
    await replying;
    expect(reply?.status).toBe(200);
  });

  test("a duplicate is answered 200", async () => {
    received(await openReceiver({ inbox: acceptOnly(async () => ({ duplicate: true })) }).receive(post()));
  });

  test.each<[string, Inbox["accept"]]>([
    [
      "throws",
      () => {
        throw new Error("disk full");
      },
    ],
    ["rejects", () => Promise.reject(new Error("disk full"))],
    ["rejects with undefined", () => Promise.reject(undefined)],
    ["gives a thenable that rejects", () => rejectingThenable(new Error("disk full")) as Promise<never>],
  ])("one that %s: 503, and nothing runs", async (_name, accept) => {
    const [onAny, onRejected] = [vi.fn(), vi.fn()];
    const receiver = openReceiver({ inbox: acceptOnly(accept), onAny, onRejected });
    expect(refusalOf(await receiver.receive(post()))).toBe("inbox_unavailable");
    await turns();
    expect(onAny).not.toHaveBeenCalled();
    expect(onRejected.mock.calls[0]?.[0]).toMatchObject({
      code: "inbox_unavailable",
      hint: expect.stringMatching(/./),
    });
  });

  test("the cause is kept for the developer", async () => {
    const onRejected = vi.fn();
    const cause = new Error("disk full");
    await openReceiver({ inbox: acceptOnly(() => Promise.reject(cause)), onRejected }).receive(post());
    expect(onRejected.mock.calls[0]?.[0]).toHaveProperty("cause", cause);
  });

  test("one that fails may say why with a code", async () => {
    const accept = (): never => {
      throw new WebhookError("receiver_busy", "full");
    };
    expect(await refusal({ inbox: acceptOnly(accept) }, post())).toBe("receiver_busy");
  });

  test("one that does not answer: 503 within 10 s, and what comes later is not looked at", async () => {
    vi.useFakeTimers();
    try {
      const stored = Promise.withResolvers<void>();
      const reply = openReceiver({ inbox: acceptOnly(() => stored.promise) }).receive(post());
      await vi.advanceTimersByTimeAsync(10_000);
      expect(refusalOf(await reply)).toBe("inbox_unavailable");
      stored.reject(new Error("too late"));
      await vi.runAllTimersAsync();
    } finally {
      vi.useRealTimers();
    }
  });

  describe("with dead letters", () => {
    const noEvent = () => post({ body: "no JSON" });
    const withAcceptInvalid = (acceptInvalid: NonNullable<Inbox["acceptInvalid"]>): Inbox => ({
      accept: vi.fn(),
      acceptInvalid,
    });

    test("take a signed delivery that is no event: 200, and onError hears of it", async () => {
      const [onAny, onError, onRejected] = [vi.fn(), vi.fn(), vi.fn()];
      const acceptInvalid = vi.fn(async (_message: AcceptedMessage) => ({ duplicate: false }));
      const inbox = withAcceptInvalid(acceptInvalid);
      received(await openReceiver({ inbox, onAny, onError, onRejected }).receive(noEvent()));
      const kept = {
        messageId: MESSAGE_ID,
        receiver: "default",
        rawBody: new TextEncoder().encode("no JSON"),
      };
      expect(acceptInvalid.mock.calls).toMatchObject([[kept, { code: "invalid_payload" }]]);
      expect(acceptInvalid.mock.calls[0]?.[0]).not.toHaveProperty("eventType");
      expect(onError.mock.calls).toMatchObject([[{ code: "invalid_payload" }, { run: 0, final: true }]]);
      for (const hook of [onAny, onRejected, inbox.accept]) expect(hook).not.toHaveBeenCalled();
    });

    test("without onError the console is told where it is, never the body", async () => {
      const consoleError = vi.spyOn(console, "error").mockImplementation(() => {});
      const inbox = withAcceptInvalid(async () => ({ duplicate: false }));
      await openReceiver({ inbox, onError: undefined }).receive(noEvent());
      const texts = consoleError.mock.calls.map((args) => args.map(String).join(" "));
      expect(texts).toEqual([
        expect.stringMatching(
          new RegExp(`${MESSAGE_ID} is not a valid event and was added to the dead letters:`),
        ),
      ]);
      expect(texts[0]).not.toContain("no JSON");
    });

    test("a resend of it is no news", async () => {
      const onError = vi.fn();
      const inbox = withAcceptInvalid(async () => ({ duplicate: true }));
      received(await openReceiver({ inbox, onError }).receive(noEvent()));
      expect(onError).not.toHaveBeenCalled();
    });

    test("that cannot be stored: 503", async () => {
      const failures = [
        () => Promise.reject(new Error("disk full")),
        () => {
          throw new Error("disk full");
        },
      ];
      for (const failure of failures) {
        expect(refusalOf(await openReceiver({ inbox: withAcceptInvalid(failure) }).receive(noEvent()))).toBe(
          "inbox_unavailable",
        );
      }
    });

    test("forged bytes never reach them", async () => {
      const acceptInvalid = vi.fn();
      const receiver = openReceiver({ inbox: withAcceptInvalid(acceptInvalid) });
      const forged = post({ body: "no JSON" }, { body: Buffer.from("no JSON!") });
      expect(refusalOf(await receiver.receive(forged))).toBe("no_matching_signature");
      expect(acceptInvalid).not.toHaveBeenCalled();
    });
  });

  test("one that takes over a dead process's run has onError told of it", () => {
    const onError = vi.fn();
    const attach = vi.fn((receiver: AttachedReceiver) => ({
      receiver,
      idle: async () => {},
      close: async () => {},
    }));
    openReceiver({ inbox: { accept: () => {}, attach }, onError });
    const stored = {
      receiver: "default",
      messageId: "a",
      timestamp: new Date(0),
      rawBody: Buffer.from("{}"),
    };
    attach.mock.calls[0]?.[0].interrupted(stored, { run: 2, final: false });
    expect(onError.mock.calls).toMatchObject([
      [{ code: "run_interrupted" }, { messageId: "a", run: 2, final: false }],
    ]);
  });

  test("one that gives a run up aborts its signal", async () => {
    const attach = vi.fn((receiver: AttachedReceiver) => ({
      receiver,
      idle: async () => {},
      close: async () => {},
    }));
    const signals: AbortSignal[] = [];
    openReceiver({
      inbox: { accept: () => {}, attach },
      onAny: (_event, { signal }) => void signals.push(signal),
    });
    const givenUp = new AbortController();
    const stored = {
      receiver: "default",
      messageId: "a",
      timestamp: new Date(0),
      rawBody: Buffer.from(COMPLETED),
    };
    await attach.mock.calls[0]?.[0].run(stored, { run: 1, final: false, signal: givenUp.signal });
    expect(signals.map(({ aborted }) => aborted)).toStrictEqual([false]);
    givenUp.abort();
    expect(signals.map(({ aborted }) => aborted)).toStrictEqual([true]);
  });

  test("receiver.queue is the inbox's own, and a clear error where it has none", async () => {
    const queue = vi.fn(async () => {});
    const attach = () => ({ idle: async () => {}, close: async () => {}, queue });
    const batch = { queue: "diffio", messages: [] };
    await openReceiver({ inbox: { accept: () => {}, attach } }).queue(batch, "env", "ctx");
    expect(queue.mock.calls).toStrictEqual([[batch, "env", "ctx"]]);
    await expect(openReceiver().queue(batch)).rejects.toMatchObject({ code: "invalid_option" });
  });

  test("one whose isFull fails: 503", async () => {
    const inbox: Inbox = {
      accept: () => {},
      isFull: () => {
        throw new Error("no connection");
      },
    };
    expect(refusalOf(await openReceiver({ inbox }).receive(post()))).toBe("inbox_unavailable");
  });
});

describe("options are checked when the receiver is made", () => {
  const numbers: [string, unknown][] = [
    ["negative", -1],
    ["NaN", Number.NaN],
    ["infinite", Number.POSITIVE_INFINITY],
    ["negative and infinite", Number.NEGATIVE_INFINITY],
    ["a string", "300"],
    ["null", null],
    ["a bigint", 300n],
    ["an object", {}],
  ];
  const functions: [string, unknown][] = [
    ["a string", "callback"],
    ["null", null],
    ["an object", {}],
    ["a boolean", true],
    ["a promise", Promise.resolve()],
  ];

  const cases: [string, Record<string, unknown>][] = [
    ...["toleranceInSeconds", "maxBodyBytes", "handlerTimeoutInSeconds"].flatMap((option) =>
      numbers.map(([name, value]): [string, Record<string, unknown>] => [
        `${option} that is ${name}`,
        { [option]: value },
      ]),
    ),
    ["handlerTimeoutInSeconds of 0", { handlerTimeoutInSeconds: 0 }],
    ["handlerTimeoutInSeconds that no timer takes", { handlerTimeoutInSeconds: 2_147_484 }],
    ["maxBodyBytes of 0", { maxBodyBytes: 0 }],
    ...["onAny", "onUnknown", "onError", "onRejected", "now"].flatMap((option) =>
      functions.map(([name, value]): [string, Record<string, unknown>] => [
        `${option} that is ${name}`,
        { [option]: value },
      ]),
    ),
    ...functions.map(([name, value]): [string, Record<string, unknown>] => [
      `a callback that is ${name}`,
      { on: { "generation.completed": value } },
    ]),
    ["now that is a time", { now: Date.now() }],
    ...["generation.complete", "completed", "", "generation.*", "constructor", "toString"].map(
      (type): [string, Record<string, unknown>] => [
        `a callback for ${JSON.stringify(type)}`,
        { on: { [type]: () => {} } },
      ],
    ),
    ["a callback for __proto__", { on: Object.fromEntries([["__proto__", () => {}]]) }],
    ["on that is a function", { on: () => {} }],
    ["on that is null", { on: null }],
    ["on that is a string", { on: "generation.completed" }],
    ["on that is a list", { on: [() => {}] }],
    ["an unknown acknowledge", { acknowledge: "later" }],
    ["acknowledge that is true", { acknowledge: true }],
    ["acknowledge that is null", { acknowledge: null }],
    ["acknowledge that is a bigint", { acknowledge: 1n }],
    ["an inbox that is null", { inbox: null }],
    ["an inbox that is a name", { inbox: "sqlite" }],
    ["an inbox without accept", { inbox: {} }],
    ["an inbox whose accept is no function", { inbox: { accept: true } }],
    ["an inbox that was not called", { inbox: memoryInbox }],
    ["an empty name", { name: "" }],
    ["a name that is a number", { name: 1 }],
    ["a name that is null", { name: null }],
  ];

  test.each(cases)("%s", (_name, options) => {
    const error = errorOf(() => createReceiver({ signingSecret: SECRET, ...options }));
    expect(error).toMatchObject({ code: "invalid_option", status: 500, hint: expect.stringMatching(/./) });
  });

  test.each<[unknown]>([[null], ["whsec_"], [1]])("options that are %j", (options) => {
    expect(errorOf(() => createReceiver(options as ReceiverOptions)).code).toBe("invalid_option");
  });

  test("a bad secret", () => {
    const error = errorOf(() => createReceiver({ signingSecret: "whsec_" }));
    expect(error).toMatchObject({ code: "invalid_secret", status: 500, hint: expect.stringMatching(/./) });
  });

  test("a receiver that is refused takes no name in its inbox", () => {
    const inbox = memoryInbox();
    for (const bad of [
      { toleranceInSeconds: -1 },
      { signingSecret: "" },
      { onAny: 1 as unknown as () => void },
    ]) {
      expect(() => openReceiver({ inbox, ...bad })).toThrow(WebhookError);
    }
    expect(() => openReceiver({ inbox })).not.toThrow();
  });

  test("the bounds, and undefined for a default, are good", () => {
    expect(openReceiver({ toleranceInSeconds: 0, maxBodyBytes: 1, handlerTimeoutInSeconds: 0.5 }).name).toBe(
      "default",
    );
    const absent = Object.fromEntries(
      [
        "on",
        "onAny",
        "onUnknown",
        "onError",
        "onRejected",
        "acknowledge",
        "inbox",
        "toleranceInSeconds",
        "now",
        "name",
      ].map((name) => [name, undefined]),
    );
    expect(createReceiver({ signingSecret: SECRET, ...absent }).name).toBe("default");
  });

  test("tolerance and clock are those of the options", async () => {
    const receiver = openReceiver({ toleranceInSeconds: 10, now: () => now() + 20_000 });
    expect(refusalOf(await receiver.receive(post()))).toBe("timestamp_too_old");
    received(await receiver.receive(post({ timestamp: String(NOW_IN_SECONDS + 30) })));
  });
});

describe("idle and close", () => {
  test("idle resolves at once where nothing runs, and else when all has ended", async () => {
    const gate = Promise.withResolvers<void>();
    const receiver = openReceiver({ onAny: () => gate.promise });
    await receiver.idle();
    await receiver.receive(post());
    const idle = vi.fn();
    const becomesIdle = receiver.idle().then(idle);
    await turns();
    expect(idle).not.toHaveBeenCalled();
    gate.resolve();
    await becomesIdle;
    expect(idle).toHaveBeenCalledTimes(1);
  });

  test("close refuses what comes then, and waits for what is there", async () => {
    const gate = Promise.withResolvers<void>();
    const callback = vi.fn(() => gate.promise);
    const receiver = openReceiver({ onAny: callback, inbox: memoryInbox({ concurrency: 1 }) });
    await receiver.receive(post({ id: "running" }));
    await receiver.receive(post({ id: "waiting" }));
    const closed = vi.fn();
    const closing = receiver.close().then(closed);
    expect(refusalOf(await receiver.receive(post({ id: "late" })))).toBe("receiver_closed");
    await turns();
    expect(closed).not.toHaveBeenCalled();
    gate.resolve();
    await closing;
    expect(callback).toHaveBeenCalledTimes(2);
    expect(refusalOf(await receiver.receive(post({ id: "later" })))).toBe("receiver_closed");
    await receiver.close();
  });

  test("a delivery that was being read when it closed is refused, not lost", async () => {
    const body = Promise.withResolvers<string>();
    const onAny = vi.fn();
    const receiver = openReceiver({ onAny });
    const reply = receiver.receive(post({}, { body: () => body.promise }));
    await receiver.close();
    body.resolve(COMPLETED);
    expect(refusalOf(await reply)).toBe("receiver_closed");
    expect(onAny).not.toHaveBeenCalled();
  });

  test("retries come without their delay", async () => {
    vi.useFakeTimers();
    const callback = vi.fn().mockRejectedValue(new Error("failed"));
    const receiver = openReceiver({ onAny: callback, inbox: memoryInbox({ backoffInSeconds: 3600 }) });
    await receiver.receive(post());
    await vi.advanceTimersByTimeAsync(10);
    expect(callback).toHaveBeenCalledTimes(1);
    await receiver.close();
    expect(callback).toHaveBeenCalledTimes(3);
  });
});
