import { type Socket, connect } from "node:net";

/** Sends requests over connections that stay open. */
export interface LoadClient {
  /** Sends all of them, each connection one after another, and resolves when every one has been answered 200. */
  send(requests: readonly Buffer[]): Promise<void>;
  close(): void;
}

/** Opens the connections. A client of its own, on bare sockets: it must cost far less than the server it measures. */
export async function connectLoad(port: number, connections: number): Promise<LoadClient> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  return {
    async send(requests) {
      const queue = requests.values();
      const rest = stayAwake();
      try {
        await Promise.all(sockets.map((socket) => sendFrom(queue, socket)));
      } finally {
        rest();
      }
    },
    close: () => sockets.forEach((socket) => socket.destroy()),
  };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => resolve(socket));
    socket.once("error", reject);
  });
}

/**
 * Keeps this process from sleeping until the function that it returns is called. A client that sleeps is woken by the
 * server's write, and the server pays for it: several microseconds of its CPU time, and only where it takes longer
 * than the client. So what was measured would depend on how the two happen to keep step.
 */
function stayAwake(): () => void {
  let awake = true;
  const spin = (): void => {
    if (awake) setImmediate(spin);
  };
  spin();
  return () => {
    awake = false;
  };
}

/**
 * So many requests are on their way on one connection. Without that the server mostly waits for its client, and what
 * is measured is how the system wakes one process for the other.
 */
const PIPELINED = 8;

/** Sends requests in batches until the queue that the connections share is empty. */
function sendFrom(queue: Iterator<Buffer>, socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = "";
    let awaited = 0;
    const settle = (error?: Error): void => {
      socket.off("data", onData);
      socket.off("close", onClose);
      if (error) reject(error);
      else resolve();
    };
    const sendNext = (): void => {
      const batch = takeFrom(queue, PIPELINED);
      awaited = batch.length;
      if (batch.length === 0) settle();
      else socket.write(Buffer.concat(batch));
    };
    const onClose = (): void => settle(new Error("The server closed the connection."));
    const onData = (chunk: Buffer): void => {
      received += chunk.toString("latin1");
      for (let end = endOfResponse(received); end > 0; end = endOfResponse(received)) {
        if (!received.startsWith("HTTP/1.1 200 ")) {
          settle(new Error(`The server answered ${received.slice(9, 400)}`));
          return;
        }
        received = received.slice(end);
        awaited -= 1;
      }
      if (awaited === 0) sendNext();
    };
    if (socket.destroyed) {
      onClose();
      return;
    }
    socket.on("data", onData);
    socket.on("close", onClose);
    sendNext();
  });
}

function takeFrom(queue: Iterator<Buffer>, count: number): Buffer[] {
  const batch: Buffer[] = [];
  while (batch.length < count) {
    const { done, value } = queue.next();
    if (done) break;
    batch.push(value);
  }
  return batch;
}

/** Where the first response ends; 0 where it is not whole yet. */
function endOfResponse(received: string): number {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return 0;
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, headEnd));
  if (length) {
    const end = headEnd + 4 + Number(length[1]);
    return received.length >= end ? end : 0;
  }
  const lastChunk = received.indexOf("0\r\n\r\n", headEnd);
  return lastChunk < 0 ? 0 : lastChunk + 5;
}
