import type { WebhookError } from "../../errors.ts";
import { bodyAlreadyParsed, toBytes } from "../../verify/bytes.ts";
import { type BodyLimits, bodyTooLarge } from "./collector.ts";
import { type NodeReadable, bytesOfNodeRequest } from "./node-request.ts";
import { discardNodeStream, readNodeStream } from "./node-stream.ts";
import { discardWebStream, readWebStream } from "./web-stream.ts";

const WEB_HINT =
  "Something read the request before the receiver did: pass the request to the receiver first.";
const NOTHING = new Uint8Array();

/** Anything that raw bytes can be read from. A string stands for its UTF-8 bytes. */
export type RawBody =
  | Uint8Array
  | ArrayBuffer
  | string
  | ReadableStream<Uint8Array>
  | NodeReadable
  | WebRequest;

/** What is needed of a web `Request` (or `Response`). */
export interface WebRequest {
  readonly body: ReadableStream<Uint8Array> | null;
  readonly bodyUsed: boolean;
}

/**
 * The body of a delivery, or a function that returns it once its turn has come: it is not called for a delivery that is
 * refused by its headers. Prefer a stream or a request where there is one: what is left of a refused body is dropped then.
 */
export type BodySource = RawBody | (() => RawBody | Promise<RawBody>);

/**
 * Reads all bytes of a body, counting them: `content-length` is never believed. What it returns counts as held until the
 * caller releases it.
 *
 * @param hint how to fix it where somebody has read the body before, in the words of the framework.
 * @throws WebhookError `body_too_large`, `body_incomplete`, `body_timeout`, `body_already_parsed`, `receiver_busy`
 */
export function readBody(
  source: BodySource,
  limits: BodyLimits,
  hint: string | undefined,
): Uint8Array | Promise<Uint8Array> {
  const raw = typeof source === "function" ? source() : source;
  return raw instanceof Promise
    ? raw.then((later) => readRaw(later, limits, hint))
    : readRaw(raw, limits, hint);
}

function readRaw(
  raw: RawBody,
  limits: BodyLimits,
  hint: string | undefined,
): Uint8Array | Promise<Uint8Array> {
  // First, since a Node request is what comes most, and on one of Express each look for what it lacks costs a microsecond.
  if (isNodeStream(raw)) return readNodeRequest(raw, limits, hint);
  if (isWebStream(raw)) return readWebStream(raw, limits, hint);
  if (isWebRequest(raw)) {
    if (raw.bodyUsed) throw bodyAlreadyParsed(hint ?? WEB_HINT);
    return raw.body ? readWebStream(raw.body, limits, hint) : NOTHING;
  }
  // A mock of a request that is no stream: it has what it keeps.
  if (isMock(raw)) return readNodeRequest(raw, limits, hint);
  return hold(toBytes(raw), limits);
}

function readNodeRequest(
  request: NodeReadable,
  limits: BodyLimits,
  hint: string | undefined,
): Uint8Array | Promise<Uint8Array> {
  const kept = bytesOfNodeRequest(request, hint, limits);
  if (kept === undefined) {
    if (!isNodeStream(request)) throw bodyAlreadyParsed(hint ?? WEB_HINT);
    return readNodeStream(request, limits);
  }
  return kept instanceof Promise ? kept.then((bytes) => hold(bytes, limits)) : hold(kept, limits);
}

function hold(bytes: Uint8Array, { maxBytes, held }: BodyLimits): Uint8Array {
  if (bytes.length > maxBytes) throw bodyTooLarge(maxBytes);
  held.add(bytes.length);
  return bytes;
}

/**
 * Reads and drops what is left of the body of a delivery that is refused, for a moment: a server that answers and closes
 * while its client is still sending makes most clients report a broken pipe in place of the reply. A Node stream that
 * still goes on after that is cut a moment later.
 *
 * @returns whether the connection can be used again: the body has come to its end.
 */
export async function discardBody(source: BodySource, { code }: WebhookError): Promise<boolean> {
  // What somebody else reads is theirs.
  if (typeof source === "function" || code === "body_already_parsed") return true;
  const lingers = code !== "body_timeout" && code !== "body_incomplete";
  if (isNodeStream(source)) return discardNodeStream(source, lingers);
  const stream = isWebRequest(source) ? source.body : source;
  return isWebStream(stream) ? lingers && discardWebStream(stream) : true;
}

function isWebRequest(raw: RawBody): raw is WebRequest {
  return typeof raw === "object" && raw !== null && "bodyUsed" in raw;
}

function isWebStream(raw: RawBody | null): raw is ReadableStream<Uint8Array> {
  return typeof raw === "object" && raw !== null && "getReader" in raw;
}

function isNodeStream(raw: RawBody): raw is NodeReadable {
  return typeof (raw as Partial<NodeReadable> | null)?.resume === "function";
}

function isMock(raw: RawBody): raw is NodeReadable {
  return typeof raw === "object" && raw !== null && "headers" in raw && "method" in raw;
}
