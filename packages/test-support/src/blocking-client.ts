import { Worker } from "node:worker_threads";
import type { SignedDelivery } from "./deliveries.ts";

const LIMIT_MS = 2000;

const CLIENT = `
  const { request } = require("node:http");
  const { parentPort, workerData: { url, headers, body, shared } } = require("node:worker_threads");
  const flag = new Int32Array(shared);
  request(url, { method: "POST", headers, agent: false }, (response) => {
    response.resume().on("end", () => {
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
      parentPort.postMessage(response.statusCode);
    });
  }).end(body);
`;

/** A client in a thread of its own: it gets its reply even while a callback blocks the server's thread, if it was sent. */
export function blockingClient(): {
  /** Sends a delivery; resolves with the status. */
  send(url: string, delivery: SignedDelivery): Promise<unknown>;
  /** For a callback: blocks this thread until the client has the whole reply. False if it does not come. */
  blockUntilReplied(): boolean;
} {
  const shared = new SharedArrayBuffer(4);
  return {
    send: (url, { headers, body }) =>
      new Promise((resolve, reject) => {
        new Worker(CLIENT, { eval: true, workerData: { url, headers, body, shared } })
          .once("message", resolve)
          .once("error", reject);
      }),
    blockUntilReplied: () => Atomics.wait(new Int32Array(shared), 0, 0, LIMIT_MS) !== "timed-out",
  };
}
