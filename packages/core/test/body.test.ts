import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createReceiver } from "../src/index.ts";
import type { Delivery, ReceiverOptions, Reply } from "../src/index.ts";
import { BodyCollector, HeldBytes } from "../src/lib/receive/body/collector.ts";
import { COMPLETED, SECRET, errorOf, now, post } from "./support/deliveries.ts";

vi.mock("../src/lib/timers.ts", () => import("@diffio-webhooks/test-support/fakeable-timers"));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function receiverWith(options: ReceiverOptions = {}) {
  return createReceiver({ signingSecret: SECRET, now, onRejected: () => {}, onAny: () => {}, ...options });
}

function codeOf({ status, body }: Reply): string {
  return status === 200 ? "received" : `${status} ${(JSON.parse(body) as { error: string }).error}`;
}

/** A body of either kind that gives what it is told, and then nothing. */
const STALLING: Readonly<Record<string, (...chunks: Uint8Array[]) => Delivery["body"]>> = {
  "a Node stream": (...chunks) => {
    const stream = new Readable({ read() {} });
    for (const chunk of chunks) stream.push(chunk);
    return stream;
  },
  "a web stream": (...chunks) =>
    new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
      },
    }),
};

describe.each(Object.entries(STALLING))("%s that stalls", (_name, stalling) => {
  test("is refused with 408 after bodyTimeoutInSeconds, and the connection ends", async () => {
    const receiver = receiverWith({ bodyTimeoutInSeconds: 3 });
    const reply = receiver.receive(post({}, { body: stalling(Buffer.from("half")) }));
    await vi.advanceTimersByTimeAsync(2900);
    expect(await Promise.race([reply, Promise.resolve("not yet")])).toBe("not yet");
    await vi.advanceTimersByTimeAsync(100);
    expect(codeOf(await reply)).toBe("408 body_timeout");
    expect((await reply).headers["connection"]).toBe("close");
  });

  test("15 s by default", async () => {
    const reply = receiverWith().receive(post({}, { body: stalling() }));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(codeOf(await reply)).toBe("408 body_timeout");
  });

  test("counts for maxUnverifiedBytes until it is refused", async () => {
    const receiver = receiverWith({ maxUnverifiedBytes: 1000, bodyTimeoutInSeconds: 1 });
    const held = receiver.receive(post({}, { body: stalling(new Uint8Array(1000 - COMPLETED.length + 1)) }));
    await vi.advanceTimersByTimeAsync(1);
    const busy = receiver.receive(post());
    await vi.advanceTimersByTimeAsync(600);
    expect(codeOf(await busy)).toBe("503 receiver_busy");
    expect((await busy).headers["retry-after"]).toMatch(/^\d+$/);
    await vi.advanceTimersByTimeAsync(1000);
    expect(codeOf(await held)).toBe("408 body_timeout");
    expect(codeOf(await receiver.receive(post()))).toBe("received");
  });
});

test("a body that is refused for want of room makes room at once, for others that are read in the same moment", () => {
  const held = new HeldBytes(1000);
  const collector = (): BodyCollector => new BodyCollector({ maxBytes: 10_000, timeoutInSeconds: 15, held });
  const [one, other] = [collector(), collector()];
  one.add(new Uint8Array(450));
  other.add(new Uint8Array(450));
  expect(errorOf(() => one.add(new Uint8Array(200))).code).toBe("receiver_busy");
  other.add(new Uint8Array(550));
  other.drop();
  // Dropping it again releases nothing twice.
  one.drop();
  expect(errorOf(() => collector().add(new Uint8Array(1001))).code).toBe("receiver_busy");
  collector().add(new Uint8Array(1000));
});

test("a delivery that waits for its secret counts for maxUnverifiedBytes, a verified one does not", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const receiver = receiverWith({
    maxUnverifiedBytes: COMPLETED.length + 10,
    signingSecret: (_platform) => promise,
    onAny: () => new Promise(() => {}),
  });
  const waiting = receiver.receive(post());
  expect(codeOf(await receiver.receive(post({ id: "msg_2" })))).toBe("503 receiver_busy");
  resolve(SECRET);
  expect(codeOf(await waiting)).toBe("received");
  // Its run goes on.
  expect(codeOf(await receiver.receive(post({ id: "msg_3" })))).toBe("received");
});

test("what was refused is no longer held: by its signature, its size, its end", async () => {
  const receiver = receiverWith({
    maxUnverifiedBytes: COMPLETED.length + 10,
    maxBodyBytes: COMPLETED.length,
  });
  for (let count = 0; count < 5; count++) {
    expect(codeOf(await receiver.receive(post({}, { body: "{}" })))).toBe("400 no_matching_signature");
    const tooLarge = Readable.from([Buffer.from(COMPLETED), Buffer.from(" ")]);
    expect(codeOf(await receiver.receive(post({}, { body: tooLarge })))).toBe("413 body_too_large");
    const cut = new Readable({ read() {} });
    cut.push("half");
    const reply = receiver.receive(post({}, { body: cut }));
    await vi.advanceTimersByTimeAsync(1);
    cut.destroy();
    expect(codeOf(await reply)).toBe("400 body_incomplete");
  }
  expect(codeOf(await receiver.receive(post()))).toBe("received");
});

describe("a web stream of other things than bytes", () => {
  const streamOf = (...chunks: unknown[]): Delivery["body"] =>
    new ReadableStream<unknown>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    }) as ReadableStream<Uint8Array>;

  test("text, buffers and views are taken", async () => {
    const bytes = Buffer.from(COMPLETED);
    const copy = Uint8Array.from(bytes);
    for (const body of [
      streamOf(COMPLETED),
      streamOf(copy.buffer),
      streamOf(new DataView(copy.buffer, 0, 10), copy.subarray(10)),
    ]) {
      expect(codeOf(await receiverWith().receive(post({}, { body })))).toBe("received");
    }
  });

  test("the limit holds for them", async () => {
    const chunks = Array.from({ length: 20 }, () => "x".repeat(1000));
    const receiver = receiverWith({ maxBodyBytes: 10_000 });
    expect(codeOf(await receiver.receive(post({}, { body: streamOf(...chunks) })))).toBe(
      "413 body_too_large",
    );
  });

  test.each([[null], [undefined], [42], [{ length: 5 }], [{ eventType: "x" }]])(
    "%j is our own set-up's fault",
    async (chunk) => {
      const receiver = receiverWith();
      expect(codeOf(await receiver.receive(post({}, { body: streamOf(chunk) })))).toBe(
        "500 body_already_parsed",
      );
    },
  );
});

describe("the memory of a body", () => {
  const limits = { maxBytes: 1_048_576, timeoutInSeconds: 15, held: new HeldBytes(64 * 1_048_576) };

  test("one chunk is taken as it is, without a copy", () => {
    const chunk = new Uint8Array(500).fill(1);
    const body = new BodyCollector(limits);
    body.add(chunk);
    expect(body.take()).toBe(chunk);
  });

  test("many chunks are what they were, and a chunk's own memory is never written to", () => {
    const whole = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251);
    for (const sizes of [[1], [1, 4095, 1, 8192], [4096], [7], [50_000], [99_999, 1], [0, 30_000]]) {
      const body = new BodyCollector(limits);
      // Views of one buffer, as a server's chunks may be: a write behind one of them would show.
      const source = whole.slice();
      for (let at = 0, turn = 0; at < source.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        body.add(source.subarray(at, at + size));
        at += size;
      }
      expect(Buffer.compare(body.take(), whole)).toBe(0);
      expect(Buffer.compare(source, whole)).toBe(0);
    }
  });

  test("a stream of nothing but empty chunks ends", () => {
    const body = new BodyCollector(limits);
    const { code } = errorOf(() => {
      for (let count = 0; count < 20_000; count++) body.add(new Uint8Array());
    });
    expect(code).toBe("body_too_large");
  });
});

test.each([
  ["bodyTimeoutInSeconds", [0, -1, Number.NaN, "15", Infinity]],
  ["maxUnverifiedBytes", [0, -1, Number.NaN, "1"]],
])("%s is checked", (option, values) => {
  for (const value of values) {
    expect(errorOf(() => createReceiver({ signingSecret: SECRET, [option]: value })).code).toBe(
      "invalid_option",
    );
  }
});
