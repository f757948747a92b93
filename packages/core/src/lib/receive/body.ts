import { WebhookError } from "../errors.ts";
import { clearTimeout, setTimeout } from "../timers.ts";
import { bodyAlreadyParsed, toBytes } from "../verify/bytes.ts";

/**
 * How long the rest of a body that is too large is read and dropped before it is refused. A server that answers and
 * closes while its client is still sending makes most clients report a broken pipe instead of the 413.
 */
const LINGER_MS = 500;
/** And at most so much of it: a stream that always has more at once would else let no timer come round. */
const LINGER_BYTES = 64 * 1_048_576;

/** Empty chunks count for nothing, but a stream that gives them for ever must end too. */
const MAX_EMPTY_CHUNKS = 10_000;

/** What is needed of a Node stream (an `IncomingMessage`), without Node's types. */
export interface NodeReadable {
  // `any` as in Node's own types: what a listener is given depends on the event.
  // eslint-disable-next-line typescript/no-explicit-any
  on(event: string, listener: (argument: any) => void): unknown;
  resume(): unknown;
  destroy(): unknown;
  readonly readableEnded: boolean;
  readonly destroyed: boolean;
}

/** Anything that raw bytes can be read from. A string stands for its UTF-8 bytes. */
export type RawBody = Uint8Array | ArrayBuffer | string | ReadableStream<Uint8Array> | NodeReadable;

/**
 * The body of a delivery, or a function that gives it once its turn has come: so that a delivery that the headers
 * condemn is never read. The function may throw `body_already_parsed` with a hint that fits the framework.
 */
export type BodySource = RawBody | (() => RawBody | Promise<RawBody>);

/**
 * Reads all bytes of a body, counting them: `content-length` is never believed.
 *
 * @throws WebhookError `body_too_large`, `body_incomplete`, `body_already_parsed`
 */
export function readBody(source: BodySource, maxBytes: number): Uint8Array | Promise<Uint8Array> {
  const raw = typeof source === "function" ? source() : source;
  return raw instanceof Promise ? raw.then((later) => readRaw(later, maxBytes)) : readRaw(raw, maxBytes);
}

function readRaw(raw: RawBody, maxBytes: number): Uint8Array | Promise<Uint8Array> {
  if (isWebStream(raw)) return readWebStream(raw, maxBytes);
  if (isNodeStream(raw)) return readNodeStream(raw, maxBytes);
  const bytes = toBytes(raw);
  if (bytes.length > maxBytes) throw bodyTooLarge(maxBytes);
  return bytes;
}

async function readWebStream(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  if (stream.locked)
    throw bodyAlreadyParsed("Something else is reading the request's body: let the receiver read it.");
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let empty = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw bodyIncomplete(cause);
    });
    if (done) return concatenate(chunks, length);
    length += value.length;
    if (value.length === 0) empty += 1;
    if (length > maxBytes || empty > MAX_EMPTY_CHUNKS) {
      await drainWebStream(reader);
      throw bodyTooLarge(maxBytes);
    }
    chunks.push(value);
  }
}

async function drainWebStream(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeIsUp = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), LINGER_MS);
  });
  try {
    for (let dropped = 0; dropped < LINGER_BYTES;) {
      const read = await Promise.race([reader.read(), timeIsUp]);
      if (!read || read.done) break;
      // Never 0, or a stream of empty chunks would have no end.
      dropped += read.value.length + 1;
    }
  } catch {
    // The sender has gone: there is nothing left to drop.
  } finally {
    clearTimeout(timer);
    // Not awaited: an endless sender may never answer the cancellation.
    reader.cancel().catch(() => {});
  }
}

function readNodeStream(stream: NodeReadable, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (stream.readableEnded || stream.destroyed) {
      reject(bodyIncomplete());
      return;
    }
    const chunks: Uint8Array[] = [];
    let length = 0;
    // A flag, and no listener is taken off: that would cost more than all else here, and an error listener must stay
    // anyway, since a second error of a cut connection would crash the process.
    let reading = true;
    stream.on("data", (chunk: Uint8Array | string) => {
      if (!reading) return;
      if (typeof chunk === "string") {
        reading = false;
        reject(
          bodyAlreadyParsed("Something called setEncoding() on the request: its bytes were decoded to text."),
        );
        return;
      }
      length += chunk.length;
      chunks.push(chunk);
      if (length <= maxBytes) return;
      reading = false;
      chunks.length = 0;
      drainNodeStream(stream, () => reject(bodyTooLarge(maxBytes)));
    });
    stream.on("end", () => {
      if (reading) resolve(concatenate(chunks, length));
      reading = false;
    });
    const onCut = (cause?: unknown): void => {
      if (reading) reject(bodyIncomplete(cause));
      reading = false;
    };
    stream.on("close", onCut);
    stream.on("error", onCut);
    // Somebody may have paused it.
    stream.resume();
  });
}

/** Drops what is left of the body; then `refuse`; and where it has no end, cuts the connection after the reply. */
function drainNodeStream(stream: NodeReadable, refuse: () => void): void {
  let timer = setTimeout(() => {
    refuse();
    timer = setTimeout(() => stream.destroy(), LINGER_MS);
  }, LINGER_MS);
  const onOver = (): void => {
    clearTimeout(timer);
    refuse();
  };
  stream.on("end", onOver);
  stream.on("close", onOver);
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = chunks;
  if (first && chunks.length === 1) return first;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function isWebStream(raw: RawBody): raw is ReadableStream<Uint8Array> {
  return typeof raw === "object" && raw !== null && "getReader" in raw;
}

function isNodeStream(raw: RawBody): raw is NodeReadable {
  return typeof raw === "object" && raw !== null && "on" in raw && "resume" in raw;
}

function bodyTooLarge(maxBytes: number): WebhookError {
  return new WebhookError("body_too_large", `The body has more than ${maxBytes} bytes.`, {
    hint: "The sender's messages have at most about 350 kB. If yours are larger, raise maxBodyBytes.",
  });
}

function bodyIncomplete(cause?: unknown): WebhookError {
  return new WebhookError("body_incomplete", "The connection ended before the body was whole.", { cause });
}
