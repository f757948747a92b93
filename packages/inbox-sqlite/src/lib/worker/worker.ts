/** The thread that has the database: neither a slow disk nor another process's lock ever holds up the service. */
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerOptions } from "../operations.ts";
import { type Wire, packAnswers, unpackRequests } from "../wire.ts";
import { createStore } from "./store.ts";

const options = workerData as WorkerOptions;
const port = parentPort;
if (!port) throw new Error("This file is started as a worker by sqliteInbox().");

const store = createStore(options);
// More often than needed, so that a beat that failed is soon made up for.
const beating = setInterval(() => store.beat(), Math.max(options.leaseInMs / 6, 50));
port.on("message", receive);

function receive(message: Wire): void {
  if (message !== "close") {
    port?.postMessage(packAnswers(store.execute(unpackRequests(message))), []);
    return;
  }
  clearInterval(beating);
  store.close();
  // Ends this thread only. (Deno has no way to close the port.)
  process.exit();
}
