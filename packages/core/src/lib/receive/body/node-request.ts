import { withinSeconds } from "../../time-limit.ts";
import { bodyAlreadyParsed, toBytes } from "../../verify/bytes.ts";
import { type BodyLimits, bodyIncomplete, bodyTimeout } from "./collector.ts";

/** What is needed of a Node stream (an `IncomingMessage`), without Node's types. Mocks may lack what is optional. */
export interface NodeReadable {
  // `any` as in Node's own types: what a listener is given depends on the event.
  // eslint-disable-next-line typescript/no-explicit-any
  on(event: string, listener: (argument: any) => void): unknown;
  resume(): unknown;
  pause?(): unknown;
  destroy(): unknown;
  readonly httpVersionMajor?: number;
  readonly readableEnded: boolean;
  readonly destroyed: boolean;
  readonly readableDidRead?: boolean;
  /** False while it is paused. */
  readonly readableFlowing?: boolean | null;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly readableEncoding?: string | null;
  readonly aborted?: boolean;
  readonly complete?: boolean;
  /** The bytes, where a platform or an earlier middleware keeps them (Google Cloud Functions, Nest). */
  readonly rawBody?: unknown;
  /** What an earlier middleware made of them. */
  readonly body?: unknown;
}

const HINT =
  "Let the receiver read the request before any body parser. Express: mount it before express.json(). Nest: " +
  "NestFactory.create(AppModule, { rawBody: true }). Koa: pass ctx.request.rawBody as the body. Others: keep the bytes " +
  "in req.rawBody.";

/**
 * The bytes of a request whose stream is not ours alone any more: an earlier middleware or the platform keeps them, as they
 * came or as text.
 *
 * @returns undefined where the stream still has all of them: nobody has read from it.
 * @throws WebhookError `body_already_parsed` where they are gone; `body_incomplete` where the client is
 */
export function bytesOfNodeRequest(
  request: NodeReadable,
  hint: string = HINT,
  limits: BodyLimits,
): Uint8Array | Promise<Uint8Array> | undefined {
  const kept = keptBytes(request);
  // Undefined in mocks, which have what they have.
  const isRead = request.readableDidRead ?? kept !== undefined;
  if (!isRead) {
    // Some are kept although nobody has read: the platform put them there. None are: somebody is about to collect them.
    if (kept && kept.length > 0) return kept;
    if (request.destroyed && !request.readableEnded) throw bodyIncomplete();
    if (request.readableDidRead === undefined && isParsed(request)) throw bodyAlreadyParsed(hint);
    return undefined;
  }
  if (request.readableDidRead === undefined && kept) return kept;
  if (request.readableEnded) return wholeBytes(request, hint);
  if (request.destroyed || request.aborted) throw bodyIncomplete();
  // It is being read. Whoever keeps the bytes has all of them at its end.
  if (!isKeeping(request) || request.readableFlowing === false) throw bodyAlreadyParsed(hint);
  return withinSeconds(untilEnd(request), limits.timeoutInSeconds, () => bodyTimeout(limits)).then(() =>
    wholeBytes(request, hint),
  );
}

/**
 * The bytes that somebody keeps of a stream that has been read. Not believed where they are not as many as arrived: a
 * `rawBody` that nobody filled, a part, or text that was decoded chunk by chunk.
 */
function wholeBytes(request: NodeReadable, hint: string): Uint8Array {
  const { rawBody, body, headers } = request;
  const contentLength = Number(headers?.["content-length"] ?? Number.NaN);
  for (const candidate of [{ rawBody }, { body }]) {
    const kept = keptBytes(candidate);
    if (kept && (Number.isNaN(contentLength) || kept.length === contentLength)) return kept;
  }
  throw bodyAlreadyParsed(hint);
}

/** The bytes that somebody keeps; as text, where it was decoded. */
function keptBytes({ rawBody, body }: Pick<NodeReadable, "rawBody" | "body">): Uint8Array | undefined {
  if (isBytesOrText(rawBody)) return toBytes(rawBody);
  // Text that is no JSON object is what a parser made of a JSON string.
  const isOriginal = typeof body === "string" ? /^\uFEFF?\s*\{/.test(body) : body instanceof Uint8Array;
  return isOriginal ? toBytes(body) : undefined;
}

function isBytesOrText(value: unknown): value is Uint8Array | string {
  return value instanceof Uint8Array || typeof value === "string";
}

/** Whether a mock has nothing but a parsed body. */
function isParsed({ body }: NodeReadable): boolean {
  return typeof body === "object" && body !== null && Object.keys(body).length > 0;
}

function isKeeping({ rawBody }: NodeReadable): boolean {
  return rawBody !== undefined && rawBody !== null;
}

function untilEnd(request: NodeReadable): Promise<void> {
  return new Promise((resolve, reject) => {
    const onCut = (cause?: unknown): void => reject(bodyIncomplete(cause));
    request.on("end", () => (request.aborted === true ? onCut() : resolve()));
    request.on("aborted", () => onCut());
    request.on("close", () => onCut());
    request.on("error", onCut);
  });
}

/** The bytes of a chunk; those of a text, where somebody called `setEncoding()` and nothing was lost by it. */
export function bytesOfChunk(chunk: Uint8Array | string, { readableEncoding }: NodeReadable): Uint8Array {
  if (typeof chunk !== "string") return chunk;
  if (/^utf-?8$/i.test(readableEncoding ?? "")) return toBytes(chunk);
  if (/^(?:latin1|binary)$/i.test(readableEncoding ?? "")) {
    return Uint8Array.from(chunk, (character) => character.charCodeAt(0));
  }
  throw bodyAlreadyParsed("Something called setEncoding() on the request: its bytes were decoded to text.");
}
