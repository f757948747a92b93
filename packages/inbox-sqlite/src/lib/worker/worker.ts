/** The thread that has the database: neither a slow disk nor another process's lock ever holds up the service. */
import { parentPort, workerData } from "node:worker_threads";
import type { FromWorker, WorkerOptions } from "../operations.ts";
import { type Wire, packAnswers, unpackRequests } from "../wire.ts";
import { createStore } from "./store.ts";

const options = workerData as WorkerOptions;
const port = parentPort;
if (!port) throw new Error("This file is started as a worker by sqliteInbox().");

const store = createStore(options);
// Looks more often than it must, so that a renewal that failed is soon made up for.
const renewal = setInterval(renew, Math.max(options.leaseInMs / 6, 50));
port.on("message", receive);

function receive(message: Wire): void {
  if (message !== "close") return send(store.execute(unpackRequests(message)));
  clearInterval(renewal);
  store.close();
  // Ends this thread only. (Deno has no way to close the port.)
  process.exit();
}

function renew(): void {
  const lost = store.renew();
  if (lost.length > 0) send({ answers: [], lost });
}

function send(result: FromWorker): void {
  port?.postMessage(packAnswers(result), []);
}
