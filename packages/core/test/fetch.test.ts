import { afterEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import type { GenerationCompletedEvent, HandlerContext, Receiver } from "../src/index.ts";
import { createFetchHandler } from "../src/fetch.ts";
import type { FetchHandlerOptions, FetchPlatform } from "../src/fetch.ts";
import {
  COMPLETED,
  OTHER_SECRET,
  SECRET,
  errorOf,
  now,
  post,
  signedHeaders,
  whiteLabelled,
} from "./support/deliveries.ts";
import type { Signed } from "./support/deliveries.ts";

const URL = "https://localhost/webhooks/diffio";

afterEach(() => {
  vi.unstubAllEnvs();
});

function handlerWith(options: FetchHandlerOptions = {}) {
  return createFetchHandler({
    signingSecret: SECRET,
    now,
    onRejected: () => {},
    onError: () => {},
    ...options,
  });
}

function requestOf(signed: Signed = {}, init: RequestInit = {}): Request {
  return new Request(URL, {
    method: "POST",
    headers: signedHeaders(signed),
    body: signed.body ?? COMPLETED,
    ...init,
  });
}

async function read(response: Response) {
  return { status: response.status, type: response.headers.get("content-type"), body: await response.text() };
}

const RECEIVED = { status: 200, type: "application/json", body: '{"received":true}' };
const refusal = (status: number, code: string) => ({
  status,
  type: "application/json",
  body: `{"error":"${code}"}`,
});

test("a Request gives a Response, and the event its callback", async () => {
  const seen: [GenerationCompletedEvent, HandlerContext<FetchPlatform>][] = [];
  const handler = handlerWith({
    on: { "generation.completed": (event, context) => void seen.push([event, context]) },
  });
  const request = requestOf();
  const ctx = {};
  const response = await handler(request, ctx);
  expect(response).toBeInstanceOf(Response);
  expect(await read(response)).toStrictEqual(RECEIVED);
  await handler.receiver.idle();
  expect(seen[0]?.[0]).toStrictEqual(JSON.parse(COMPLETED));
  expect(seen[0]?.[1].platform?.request).toBe(request);
  expect(seen[0]?.[1].platform?.ctx).toBe(ctx);
});

test("carries its receiver", async () => {
  const handler = handlerWith({ name: "music" });
  expectTypeOf(handler.receiver).toEqualTypeOf<Receiver<FetchPlatform>>();
  expect(handler.receiver.name).toBe("music");
  await handler.receiver.close();
  const response = await handler(requestOf());
  expect(response.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  expect(await read(response)).toStrictEqual(refusal(503, "receiver_closed"));
});

test("takes the headers of white-labelled senders", async () => {
  expect(
    await read(await handlerWith()(requestOf({}, { headers: whiteLabelled(signedHeaders()) }))),
  ).toStrictEqual(RECEIVED);
});

test("refuses what is forged", async () => {
  expect(await read(await handlerWith()(requestOf({ secret: OTHER_SECRET })))).toStrictEqual(
    refusal(400, "no_matching_signature"),
  );
  const twice = new Headers(signedHeaders());
  twice.append("svix-id", "msg_other");
  expect(await read(await handlerWith()(requestOf({}, { headers: twice })))).toStrictEqual(
    refusal(400, "invalid_header"),
  );
});

test.each(["GET", "HEAD", "PUT", "DELETE"])("%s: 405 with Allow", async (method) => {
  const body = method === "PUT" ? COMPLETED : null;
  const response = await handlerWith()(requestOf({}, { method, body }));
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("POST");
});

describe("waitUntil", () => {
  test("gets the runs of the delivery", async () => {
    const gate = Promise.withResolvers<void>();
    const waitUntil = vi.fn<(promise: Promise<unknown>) => void>();
    const onAny = vi.fn(() => gate.promise);
    const handler = handlerWith({ onAny });
    expect(await read(await handler(requestOf(), { waitUntil }))).toStrictEqual(RECEIVED);
    expect(waitUntil).toHaveBeenCalledTimes(1);
    const ended = vi.fn();
    const runs = waitUntil.mock.calls[0]?.[0].then(ended);
    await Promise.resolve();
    expect(ended).not.toHaveBeenCalled();
    gate.resolve();
    await runs;
    expect(onAny).toHaveBeenCalledTimes(1);
  });

  test("keeps its this", async () => {
    class Context {
      readonly promises: Promise<unknown>[] = [];
      waitUntil(promise: Promise<unknown>): void {
        this.promises.push(promise);
      }
    }
    const context = new Context();
    const handler = handlerWith();
    await handler(requestOf(), context);
    expect(context.promises).toHaveLength(1);
    await Promise.all(context.promises);
  });

  test("gets nothing where nothing runs", async () => {
    const waitUntil = vi.fn();
    const handler = handlerWith();
    await handler(requestOf({ secret: OTHER_SECRET }), { waitUntil });
    expect(waitUntil).not.toHaveBeenCalled();
    await handler(requestOf(), { waitUntil });
    await handler(requestOf(), { waitUntil });
    expect(waitUntil).toHaveBeenCalledTimes(1);
  });

  test("may be missing", async () => {
    for (const ctx of [undefined, {}, { waitUntil: undefined }]) {
      expect(await read(await handlerWith()(requestOf(), ctx))).toStrictEqual(RECEIVED);
    }
  });
});

describe("bodies", () => {
  test.each<[string, (request: Request) => Promise<unknown>]>([
    ["text", (request) => request.text()],
    ["json", (request) => request.json()],
    ["arrayBuffer", (request) => request.arrayBuffer()],
  ])("one that was read as %s: 500", async (_name, readIt) => {
    const onRejected = vi.fn();
    const request = requestOf();
    await readIt(request);
    expect(await read(await handlerWith({ onRejected })(request))).toStrictEqual(
      refusal(500, "body_already_parsed"),
    );
    expect(onRejected.mock.calls[0]?.[0]).toMatchObject({ hint: expect.stringMatching(/./) });
  });

  test("one that was read to its end, and let go of: 500", async () => {
    const request = requestOf();
    const reader = request.body?.getReader();
    while ((await reader?.read())?.done === false);
    reader?.releaseLock();
    expect(request.body?.locked).toBe(false);
    expect(await read(await handlerWith()(request))).toStrictEqual(refusal(500, "body_already_parsed"));
  });

  test("one that somebody is reading: 500", async () => {
    const request = requestOf();
    request.body?.getReader();
    expect(await read(await handlerWith()(request))).toStrictEqual(refusal(500, "body_already_parsed"));
  });

  test("one that was read, of a delivery that is refused before: the first code", async () => {
    const request = requestOf({}, { headers: {} });
    await request.text();
    expect(await read(await handlerWith()(request))).toStrictEqual(refusal(400, "missing_header"));
  });

  test("a copy may be read before", async () => {
    const request = requestOf();
    expect(await request.clone().text()).toBe(COMPLETED);
    expect(await read(await handlerWith()(request))).toStrictEqual(RECEIVED);
  });

  test("a refused delivery's is dropped", async () => {
    const request = requestOf({ timestamp: "1" });
    expect((await handlerWith()(request)).status).toBe(400);
    expect(request.bodyUsed).toBe(true);
  });

  test("none, and an empty one", async () => {
    for (const body of [null, ""]) {
      const handler = handlerWith();
      expect(await read(await handler(requestOf({ body: "" }, { body })))).toStrictEqual(
        refusal(400, "invalid_payload"),
      );
      expect(await read(await handler(requestOf({}, { body })))).toStrictEqual(
        refusal(400, "no_matching_signature"),
      );
    }
  });

  test("one of bytes, with a byte order mark, in a stream", async () => {
    const body = Buffer.from(`\uFEFF${COMPLETED}`);
    const stream = ReadableStream.from<Uint8Array>([body.subarray(0, 2), body.subarray(2)]);
    const request = requestOf({ body }, { body: stream, duplex: "half" });
    expect(await read(await handlerWith()(request))).toStrictEqual(RECEIVED);
  });

  test("one that is too large", async () => {
    const response = await handlerWith({ maxBodyBytes: 10 })(requestOf());
    expect(await read(response)).toStrictEqual(refusal(413, "body_too_large"));
  });
});

test("a secret function gets request and context", async () => {
  const signingSecret = vi.fn((_platform: FetchPlatform) => SECRET);
  const request = requestOf();
  const ctx = { waitUntil: () => {} };
  expect((await handlerWith({ signingSecret })(request, ctx)).status).toBe(200);
  expect(signingSecret.mock.calls[0]?.[0].request).toBe(request);
  expect(signingSecret.mock.calls[0]?.[0].ctx).toBe(ctx);
});

test("options are checked when the handler is made", async () => {
  expect(errorOf(() => createFetchHandler({ signingSecret: "" })).code).toBe("invalid_secret");
  expect(errorOf(() => handlerWith({ maxBodyBytes: -1 })).code).toBe("invalid_option");
  vi.stubEnv("DIFFIO_WEBHOOK_SECRET", undefined);
  expect(errorOf(() => createFetchHandler()).code).toBe("invalid_secret");
  vi.stubEnv("DIFFIO_WEBHOOK_SECRET", SECRET);
  const { headers } = post({ timestamp: String(Math.floor(Date.now() / 1000)) });
  const request = new Request(URL, {
    method: "POST",
    headers: headers as Record<string, string>,
    body: COMPLETED,
  });
  expect((await createFetchHandler()(request)).status).toBe(200);
});
