import { WebhookError } from "../../errors.ts";
import { after, clearTimeout, setTimeout } from "../../timers.ts";
import { BodyCollector, type BodyLimits, bodyIncomplete, bodyTimeout } from "./collector.ts";
import { type NodeReadable, bytesOfChunk } from "./node-request.ts";

/** How long, and how far, the rest of a refused body is read and dropped. */
export const LINGER_MS = 500;
export const LINGER_BYTES: number = 16 * 1_048_576;

/** Reads a Node stream to its end. */
export function readNodeStream(stream: NodeReadable, limits: BodyLimits): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const body = new BodyCollector(limits);
    // A flag, and no listener is taken off: that would cost more than all else here, and an error listener must stay
    // anyway, since a second error of a cut connection would crash the process.
    let isReading = true;
    const fail = (error: unknown): void => {
      if (!isReading) return;
      isReading = false;
      deadline.cancel();
      body.drop();
      reject(error instanceof WebhookError ? error : bodyIncomplete(error));
    };
    const deadline = after(limits.timeoutInSeconds, () => fail(bodyTimeout(limits)));
    stream.on("data", (chunk: Uint8Array | string) => {
      if (!isReading) return;
      try {
        body.add(bytesOfChunk(chunk, stream));
      } catch (error) {
        fail(error);
      }
    });
    stream.on("end", () => {
      // HTTP/2 ends a stream that its client has reset, too.
      if (stream.aborted === true) fail(undefined);
      if (!isReading) return;
      isReading = false;
      deadline.cancel();
      resolve(body.take());
    });
    // HTTP/2 says so before it ends the stream.
    if (stream.httpVersionMajor === 2) stream.on("aborted", () => fail(undefined));
    stream.on("close", () => fail(undefined));
    stream.on("error", fail);
    // Somebody may have paused it.
    stream.resume();
  });
}

/**
 * Drops what is left of a Node stream, for a moment where it `lingers`, and cuts it a moment later where it has no end.
 *
 * @returns whether it came to its end.
 */
export async function discardNodeStream(stream: NodeReadable, lingers: boolean): Promise<boolean> {
  if (stream.readableEnded || stream.destroyed || (lingers && (await drained(stream)))) return true;
  setTimeout(() => stream.destroy(), LINGER_MS);
  return false;
}

function drained(stream: NodeReadable): Promise<boolean> {
  return new Promise((resolve) => {
    let dropped = 0;
    const timer = setTimeout(() => finish(false), LINGER_MS);
    function finish(isWhole: boolean): void {
      clearTimeout(timer);
      if (!isWhole) stream.pause?.();
      resolve(isWhole);
    }
    stream.on("data", (chunk: Uint8Array | string) => {
      dropped += chunk.length;
      if (dropped > LINGER_BYTES) finish(false);
    });
    for (const event of ["end", "close", "error"]) stream.on(event, () => finish(true));
    stream.resume();
  });
}
