import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { CliError, EXIT } from "./exit.ts";

/** As much of a reply as the sender keeps. */
const MAX_REPLY_BYTES = 20_000;

/** What came back. */
export interface Answer {
  readonly status: number;
  /** The body, cut where the sender cuts it. */
  readonly text: string;
  readonly durationInMs: number;
}

/** What goes out. */
export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  readonly timeoutInMs: number;
}

/**
 * Sends one POST, as the sender does: on any port, and without following redirects.
 *
 * @throws CliError `EXIT.unreachable`, when no whole answer came
 */
export async function post(url: URL, { headers, body, timeoutInMs }: PostOptions): Promise<Answer> {
  const start = performance.now();
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const signal = AbortSignal.timeout(timeoutInMs);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, {
        method: "POST",
        agent: false,
        signal,
        headers: { ...headers, "content-length": Buffer.byteLength(body) },
      })
        .on("response", resolve)
        .on("error", reject)
        .end(body);
    });
    const text = await readStart(response);
    return { status: response.statusCode ?? 0, text, durationInMs: Math.round(performance.now() - start) };
  } catch (error) {
    const reason = signal.aborted ? `no whole answer within ${timeoutInMs} ms` : describeNetworkError(error);
    throw new CliError(EXIT.unreachable, `${url.origin}: ${reason}.`);
  }
}

/** The words of a reply that was refused: its `error`, where it has one as the vendor's and our own have. */
export function errorOf({ text }: Answer): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}

/** What Node's network errors mean. */
export function describeNetworkError(error: unknown): string {
  // Node tries all addresses of a name, and says only that all failed.
  const [first = error] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const { code = "", message } = first as NodeJS.ErrnoException;
  switch (code) {
    case "ECONNREFUSED":
      return "the connection was refused: nothing listens there";
    case "ECONNRESET":
      return "the connection was closed before the answer was whole";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the name does not resolve";
    case "ETIMEDOUT":
      return "the connection timed out: a firewall may drop it";
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "EADDRNOTAVAIL":
      return "there is no route to it from here";
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
      return "the TLS connection failed: nothing speaks https on this port";
    default:
      return message;
  }
}

async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop ends the connection.
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MAX_REPLY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_REPLY_BYTES).toString("utf8");
}
