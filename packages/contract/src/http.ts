import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";

/** A request, with nothing added but what HTTP cannot do without. */
export interface HttpRequest {
  readonly method?: string;
  readonly path: string;
  /** An array sends the header more than once. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array;
  /** Sends the body in chunks, without a content-length. */
  readonly chunked?: boolean;
}

/** A reply, read to its end. */
export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** Sends one request on a connection of its own. */
export function send(
  origin: string,
  { method = "POST", path, headers = {}, body, chunked = false }: HttpRequest,
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, origin), {
      method,
      agent: false,
      headers: {
        ...(body && !chunked && { "content-length": String(body.length) }),
        ...(headers as Record<string, string | string[]>),
      },
    });
    outgoing.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on("error", reject);
    });
    // A server may answer and close before it has read everything: the reply counts then.
    outgoing.on("error", reject);
    if (body && chunked) {
      const half = body.length >> 1;
      outgoing.write(body.subarray(0, half));
      outgoing.end(body.subarray(half));
    } else {
      outgoing.end(body);
    }
  });
}

/** A connection on which the bytes are written as they are: for what an HTTP client would refuse to send. */
export interface RawConnection {
  write(data: string | Uint8Array): void;
  /** Writes, and resolves when there is room for more, or the connection is over. */
  writeAll(data: Uint8Array): Promise<void>;
  /** Whether the connection is over. */
  isOver(): boolean;
  /** All that has come back until the server closed the connection. */
  readonly closed: Promise<string>;
  /** Resolves with all that has come back once it holds the text, or rejects when the connection closes without. */
  until(text: string): Promise<string>;
  destroy(): void;
}

/** Opens a raw connection. */
export function postRaw(origin: string): RawConnection {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  let received = "";
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  socket.setEncoding("latin1").on("data", (text: string) => {
    received += text;
    changed();
  });
  // A reset is one of the ways in which a server may end a connection.
  socket.on("error", () => {});
  const closed = new Promise<string>((resolve) => {
    socket.on("close", () => {
      resolve(received);
      changed();
    });
  });
  return {
    write: (data) => void socket.write(data),
    writeAll: (data) =>
      new Promise((resolve) => {
        if (socket.destroyed || socket.write(data)) {
          resolve();
          return;
        }
        const done = (): void => {
          socket.off("drain", done).off("close", done);
          resolve();
        };
        socket.on("drain", done).on("close", done);
      }),
    isOver: () => socket.destroyed,
    closed,
    until: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (received.includes(text)) resolve(received);
          else if (socket.destroyed)
            reject(new Error(`The connection closed before "${text}" came: ${received}`));
          else return;
          listeners.delete(look);
        };
        listeners.add(look);
        look();
      }),
    destroy: () => socket.destroy(),
  };
}

/** The head of a POST as it goes over a raw connection, with further lines. */
export function rawHead({ path, headers = {} }: HttpRequest, ...lines: string[]): string {
  const named = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
  return [`POST ${path} HTTP/1.1`, "host: localhost", ...named, ...lines, "", ""].join("\r\n");
}
