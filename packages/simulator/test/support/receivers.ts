import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createReceiver } from "@diffio-webhooks/core";
import { onTestFinished } from "vitest";

/** A request as it arrived at a real server. */
export interface Arrived {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** False when the connection ended in the middle of the body. */
  readonly isWhole: boolean;
}

/** What a server answers: a status, or all that a function does. */
type Answer = number | ((res: ServerResponse, arrived: Arrived) => void);

/** Serves until the test is over; resolves with the URL. */
async function serve(listener: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/diffio`;
}

/** A receiver that keeps what arrives, whatever it is, and answers as it is told. */
export async function recordingReceiver(answer: Answer = 200): Promise<{
  readonly url: string;
  readonly arrived: Arrived[];
  /** Answers so from now on. */
  answer(next: Answer): void;
}> {
  const arrived: Arrived[] = [];
  let current = answer;
  const url = await serve((req, res) => {
    const chunks: Buffer[] = [];
    let isDone = false;
    const finish = (isWhole: boolean): void => {
      if (isDone) return;
      isDone = true;
      const one = {
        method: req.method,
        path: req.url,
        headers: req.headers,
        body: Buffer.concat(chunks),
        isWhole,
      };
      arrived.push(one);
      if (typeof current === "number") res.writeHead(current).end();
      else current(res, one);
    };
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => finish(true));
    req.on("error", () => finish(false));
    req.on("close", () => finish(false));
  });
  return {
    url,
    arrived,
    answer(next) {
      current = next;
    },
  };
}

/** A receiver of ours behind a real server, and what it took and refused. */
export async function coreReceiver(): Promise<{
  readonly url: string;
  readonly ran: string[];
  readonly refused: string[];
  /** For when the simulator has made the secret. */
  setSecret(signingSecret: string): void;
  idle(): Promise<void>;
}> {
  const ran: string[] = [];
  const refused: string[] = [];
  let signingSecret: string | undefined;
  const receiver = createReceiver({
    signingSecret: () => signingSecret,
    onAny: (event) => void ran.push(String(event["eventId" as keyof typeof event])),
    onRejected: ({ code }) => void refused.push(code),
  });
  const url = await serve((req, res) => {
    const { method = "", headers } = req;
    void receiver.receive({ method, headers, body: req }).then((reply) => {
      res.writeHead(reply.status, reply.headers).end(reply.body);
    });
  });
  return {
    url,
    ran,
    refused,
    setSecret(secret) {
      signingSecret = secret;
    },
    idle: () => receiver.idle(),
  };
}
