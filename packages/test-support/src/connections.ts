import { Agent, request } from "node:http";
import { connect } from "node:net";
import { onTestFinished } from "vitest";
import type { SignedDelivery } from "./deliveries.ts";

/** Sends a delivery and reads the reply to its end; resolves with the status. */
export async function post(url: string, { headers, body }: SignedDelivery): Promise<number> {
  const reply = await fetch(url, { method: "POST", headers, body });
  await reply.text();
  return reply.status;
}

/** Sends a whole delivery and goes away without waiting for the reply. */
export function sendAndLeave(url: string, { headers, body }: SignedDelivery): Promise<void> {
  const { hostname, port, pathname } = new URL(url);
  const head = [
    `POST ${pathname} HTTP/1.1`,
    "host: localhost",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.on("error", reject).on("close", () => resolve());
    socket.write(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
  });
}

/** A client that keeps one connection, and tells whether a request went over it again. */
export function keptAliveClient(
  url: string,
): (delivery: SignedDelivery) => Promise<{ status: unknown; reused: boolean }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return ({ headers, body }) =>
    new Promise((resolve, reject) => {
      const outgoing = request(url, { method: "POST", headers, agent }, (response) => {
        response
          .resume()
          .on("end", () => resolve({ status: response.statusCode, reused: outgoing.reusedSocket }));
      });
      outgoing.on("error", reject).end(body);
    });
}
