/** What may have happened to a request's body before the receiver sees it, and what must come of it. */
import type { IncomingMessage } from "node:http";

/** A request as middleware and platforms leave it. */
export type TouchedRequest = IncomingMessage & { rawBody?: unknown; body?: unknown };

/** One way to touch a body. */
export interface Touch {
  readonly name: string;
  /** Runs before the framework does. */
  touch(request: TouchedRequest): void | Promise<void>;
  /** Whether the bytes can still be had; else it is our own set-up's fault. */
  readonly bytesAreThere: boolean;
  /** Sends the body in two parts, some time apart. */
  readonly inTwoParts?: boolean;
}

async function collect(request: TouchedRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function nextChunk(request: TouchedRequest): Promise<Buffer> {
  return new Promise((resolve) => {
    request.once("data", (chunk: Buffer) => resolve(chunk));
  });
}

const untilNextChunk = async (request: TouchedRequest): Promise<void> => void (await nextChunk(request));

/** Every way that was seen in the wild. */
export const TOUCHES: readonly Touch[] = [
  { name: "untouched", touch: () => {}, bytesAreThere: true },
  { name: "untouched, in two parts", touch: () => {}, bytesAreThere: true, inTwoParts: true },
  {
    name: "paused",
    touch: (request) => void request.pause(),
    bytesAreThere: true,
  },
  {
    name: "a foreign data listener, nothing emitted yet (OpenTelemetry's requestHook)",
    touch: (request) => void request.on("data", () => {}),
    bytesAreThere: true,
    inTwoParts: true,
  },
  {
    name: "a foreign data listener, and an async middleware behind it",
    async touch(request) {
      request.on("data", () => {});
      await untilNextChunk(request);
    },
    bytesAreThere: false,
  },
  {
    name: "the first chunk taken by a logger, the rest to come",
    touch: untilNextChunk,
    bytesAreThere: false,
    inTwoParts: true,
  },
  {
    name: "the first chunk taken, then paused",
    async touch(request) {
      await untilNextChunk(request);
      request.pause();
    },
    bytesAreThere: false,
    inTwoParts: true,
  },
  { name: "read to its end", touch: async (request) => void (await collect(request)), bytesAreThere: false },
  {
    name: "parsed",
    async touch(request) {
      request.body = JSON.parse((await collect(request)).toString());
    },
    bytesAreThere: false,
  },
  {
    name: "parsed into another place",
    async touch(request) {
      Object.assign(request, { payload: JSON.parse((await collect(request)).toString()) as unknown });
    },
    bytesAreThere: false,
  },
  {
    name: "kept early: rawBody is an empty text that a listener fills",
    touch(request) {
      let rawBody = "";
      Object.defineProperty(request, "rawBody", { get: () => rawBody });
      request.on("data", (chunk: Buffer) => {
        rawBody += chunk.toString("latin1");
      });
    },
    bytesAreThere: true,
    inTwoParts: true,
  },
  {
    name: "kept early: half of it is there",
    async touch(request) {
      request.rawBody = Buffer.alloc(0);
      request.on("data", (chunk: Buffer) => {
        request.rawBody = Buffer.concat([request.rawBody as Buffer, chunk]);
      });
      await untilNextChunk(request);
    },
    bytesAreThere: true,
    inTwoParts: true,
  },
  {
    name: "kept early, as text, and an async middleware behind it: a character lies across two chunks",
    async touch(request) {
      request.rawBody = "";
      request.on("data", (chunk: Buffer) => {
        request.rawBody = (request.rawBody as string) + chunk.toString();
      });
      await untilNextChunk(request);
    },
    bytesAreThere: false,
    inTwoParts: true,
  },
  {
    name: "an empty rawBody that nobody fills, read to its end",
    async touch(request) {
      request.rawBody = "";
      await collect(request);
    },
    bytesAreThere: false,
  },
  {
    name: "an empty rawBody that nobody fills, and the bytes in body",
    async touch(request) {
      request.rawBody = Buffer.alloc(0);
      request.body = await collect(request);
    },
    bytesAreThere: true,
  },
  {
    name: "rawBody is the first chunk alone, the stream flows on",
    async touch(request) {
      request.rawBody = await nextChunk(request);
    },
    bytesAreThere: false,
    inTwoParts: true,
  },
  {
    name: "rawBody is the first chunk alone, then paused",
    async touch(request) {
      request.rawBody = await nextChunk(request);
      request.pause();
    },
    bytesAreThere: false,
    inTwoParts: true,
  },
  {
    name: "written again as text in body",
    async touch(request) {
      request.body = JSON.stringify(JSON.parse((await collect(request)).toString()), null, 2);
    },
    bytesAreThere: false,
  },
  {
    name: "kept whole in rawBody",
    async touch(request) {
      request.rawBody = await collect(request);
    },
    bytesAreThere: true,
  },
  {
    name: "kept whole in rawBody, and parsed (Nest, Cloud Functions)",
    async touch(request) {
      const bytes = await collect(request);
      request.rawBody = bytes;
      request.body = JSON.parse(bytes.toString());
    },
    bytesAreThere: true,
  },
  {
    name: "kept whole in rawBody, as text",
    async touch(request) {
      request.rawBody = (await collect(request)).toString();
    },
    bytesAreThere: true,
  },
  {
    name: "bytes in body (express.raw)",
    async touch(request) {
      request.body = await collect(request);
    },
    bytesAreThere: true,
  },
  {
    name: "decoded to text in body (express.text)",
    async touch(request) {
      request.body = (await collect(request)).toString();
    },
    bytesAreThere: true,
  },
  {
    name: "decoded to text by setEncoding",
    touch: (request) => void request.setEncoding("utf8"),
    bytesAreThere: true,
    inTwoParts: true,
  },
];
