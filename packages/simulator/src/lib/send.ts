import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { OutgoingRequest } from "./outgoing.ts";
import type { AttemptErrorCode } from "./types.ts";

/** Bytes of a reply that are kept. */
const MAX_REPLY_BYTES = 20_000;
const SLOW_PIECES = 10;
const SLOW_MS = 2000;
/** Gives the first half of a cut body the time to arrive before its end does. */
const CUT_AFTER_MS = 100;

/** What came back. */
export interface SendResult {
  readonly statusCode: number | null;
  readonly durationInMs: number;
  readonly error: { readonly code: AttemptErrorCode; readonly message: string } | null;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string;
  readonly responseBodyIsCut: boolean;
}

/**
 * Sends one request on a connection of its own, follows no redirect, and reads the reply; never rejects.
 *
 * @param signal ends it when the simulator closes
 */
export function send(
  request: OutgoingRequest,
  timeoutInMs: number,
  signal: AbortSignal,
): Promise<SendResult> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    let response: IncomingMessage | undefined;
    const chunks: Buffer[] = [];
    let length = 0;
    let settled = false;

    // It throws for nothing that an endpoint may have: URLs and headers are checked when it is made.
    // No agent: a kept connection that the receiver closes meanwhile would look like a failure of the receiver.
    const start = request.url.startsWith("https:") ? httpsRequest : httpRequest;
    const outgoing = start(request.url, { method: "POST", headers: request.headers, agent: false, signal });
    const timer = setTimeout(() => {
      settle({ code: "timeout", message: `No complete reply within ${timeoutInMs / 1000} s.` });
      outgoing.destroy();
    }, timeoutInMs);

    function settle(error: SendResult["error"]): void {
      if (settled) return;
      settled = true;
      resolve({
        statusCode: response?.statusCode ?? null,
        durationInMs: Math.round(performance.now() - startedAt),
        error,
        responseHeaders: joinHeaders(response),
        responseBody: Buffer.concat(chunks).subarray(0, MAX_REPLY_BYTES).toString(),
        responseBodyIsCut: length > MAX_REPLY_BYTES || (response !== undefined && !response.complete),
      });
    }

    outgoing.on("response", (incoming) => {
      response = incoming;
      incoming.on("data", (chunk: Buffer) => {
        if (length <= MAX_REPLY_BYTES) chunks.push(chunk);
        length += chunk.length;
        // The rest is read and dropped until the timer ends it, so that the receiver's write does not fail.
        if (length > MAX_REPLY_BYTES) settle(null);
      });
      incoming.on("end", () => settle(null));
      // A reply that breaks off has its status all the same.
      incoming.on("error", () => settle(null));
      incoming.on("close", () => settle(null));
    });
    outgoing.on("error", (error) => {
      settle(
        request.pace === "cut" && !signal.aborted
          ? { code: "cut", message: "The connection was cut in the middle of the body: that is the fault." }
          : { code: "connection_failed", message: describe(error) },
      );
    });
    outgoing.on("close", () => {
      clearTimeout(timer);
      settle({ code: "connection_failed", message: "The connection ended without a reply." });
    });
    write(outgoing, request, timeoutInMs).catch((error: unknown) => outgoing.destroy(error as Error));
  });
}

async function write(outgoing: ClientRequest, request: OutgoingRequest, timeoutInMs: number): Promise<void> {
  const { body, pace } = request;
  if (pace === "at-once") {
    outgoing.end(body);
  } else if (pace === "cut") {
    outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => {
      setTimeout(() => outgoing.destroy(new Error("cut")), CUT_AFTER_MS);
    });
  } else {
    const pieceLength = Math.ceil(body.length / SLOW_PIECES);
    for (let at = 0; at < body.length && !outgoing.destroyed; at += pieceLength) {
      outgoing.write(body.subarray(at, at + pieceLength));
      await sleep(Math.min(SLOW_MS, timeoutInMs / 2) / SLOW_PIECES);
    }
    outgoing.end();
  }
}

function joinHeaders(response: IncomingMessage | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(response?.headers ?? {}).map(([name, value]) => [name, [value ?? ""].flat().join(", ")]),
  );
}

/** A host with several addresses fails once for each, and the error of all says nothing itself. */
function describe(error: Error): string {
  const errors = error instanceof AggregateError ? (error.errors as readonly Error[]) : [error];
  return errors.map(({ message }) => message).join("; ");
}
