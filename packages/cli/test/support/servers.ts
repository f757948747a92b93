import { once } from "node:events";
import { type RequestListener, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type ReceiverOptions, createReceiver } from "@diffio-webhooks/core";
import { SECRET } from "@diffio-webhooks/test-support/signing";
import { onTestFinished } from "vitest";

/** Serves until the test is over; gives the port. */
export async function serve(listener: RequestListener, host = "127.0.0.1"): Promise<number> {
  const server = createServer(listener).listen(0, host);
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A receiver as the README shows it; `events` are those that reached the callback. */
export function receiving(
  signingSecret: string = SECRET,
  options: ReceiverOptions = {},
): { listener: RequestListener; events: string[] } {
  const events: string[] = [];
  const receiver = createReceiver({
    ...options,
    signingSecret,
    onAny: ({ eventType }) => void events.push(String(eventType)),
    onRejected: () => {},
  });
  return {
    events,
    listener: (req, res) => {
      const { method = "", headers } = req;
      void receiver.receive({ method, headers, body: req }).then((reply) => {
        res.writeHead(reply.status, reply.headers).end(reply.body);
      });
    },
  };
}
