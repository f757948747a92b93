import { withinSeconds } from "../../time-limit.ts";
import { clearTimeout, setTimeout } from "../../timers.ts";
import { bodyAlreadyParsed, toBytes } from "../../verify/bytes.ts";
import { BodyCollector, type BodyLimits, bodyIncomplete, bodyTimeout } from "./collector.ts";
import { LINGER_BYTES, LINGER_MS } from "./node-stream.ts";

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Reads a web stream to its end. */
export async function readWebStream(
  stream: ReadableStream<Uint8Array>,
  limits: BodyLimits,
  hint: string = "Something else is reading the request's body: let the receiver read it.",
): Promise<Uint8Array> {
  if (stream.locked) throw bodyAlreadyParsed(hint);
  const reader = stream.getReader();
  const body = new BodyCollector(limits);
  let isOver = false;
  try {
    await withinSeconds(
      readAll(reader, body, () => isOver),
      limits.timeoutInSeconds,
      () => bodyTimeout(limits),
    );
    return body.take();
  } catch (error) {
    body.drop();
    // Not awaited: a client that stalls may never answer it.
    if (error instanceof Error && "code" in error && error.code === "body_timeout")
      reader.cancel().catch(() => {});
    else reader.releaseLock();
    throw error;
  } finally {
    isOver = true;
  }
}

async function readAll(reader: Reader, body: BodyCollector, isOver: () => boolean): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw bodyIncomplete(cause);
    });
    if (done || isOver()) return;
    // Streams of other kinds of chunks can be made into a Request, too.
    body.add(toBytes(value));
  }
}

/** Drops what is left of a web stream, for a moment, and cancels it. Returns whether it came to its end. */
export async function discardWebStream(stream: ReadableStream<Uint8Array>): Promise<boolean> {
  if (stream.locked) return false;
  const reader = stream.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeIsUp = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), LINGER_MS);
  });
  try {
    for (let dropped = 0; dropped < LINGER_BYTES;) {
      const read = await Promise.race([reader.read(), timeIsUp]);
      if (!read) break;
      if (read.done) return true;
      // Never 0, or a stream of empty chunks would have no end.
      dropped += (read.value?.length ?? 0) + 1;
    }
    return false;
  } finally {
    clearTimeout(timer);
    // Not awaited: an endless sender may never answer the cancellation.
    reader.cancel().catch(() => {});
  }
}
