/** The thread that has the database: neither a slow disk nor another process's lock ever holds up the service. */
import { parentPort, workerData } from "node:worker_threads";
import type { FromWorker, Operations, Request, ToWorker, WorkerOptions } from "../operations.ts";
import { createStore } from "./store.ts";

const options = workerData as WorkerOptions;
const port = parentPort;
if (!port) throw new Error("This file is started as a worker by sqliteInbox().");

const store = createStore(options);
// Looks more often than it must, so that a renewal that failed is soon made up for.
const renewal = setInterval(renew, Math.max(options.leaseInMs / 6, 50));
port.on("message", receive);

function receive(message: ToWorker): void {
  if (message !== "close") return send(store.execute(message.requests), message.requests);
  clearInterval(renewal);
  store.close();
  // Ends this thread only. (Deno has no way to close the port.)
  process.exit();
}

function renew(): void {
  const lost = store.renew();
  if (lost.length > 0) send({ answers: [], lost }, []);
}

function send(result: FromWorker, requests: readonly Request[]): void {
  const bodies = requests.flatMap(({ operation }, index) => bodiesOf(operation, result.answers[index]));
  port?.postMessage(
    result,
    bodies.map(({ buffer }) => buffer as ArrayBuffer),
  );
}

/** Bodies are handed over, not copied. */
function bodiesOf(operation: Request["operation"], answer: unknown): readonly Uint8Array[] {
  if (answer === undefined) return [];
  if (operation === "lease")
    return (answer as Operations["lease"]["answer"]).leased.map(({ rawBody }) => rawBody);
  if (operation === "listDead")
    return (answer as Operations["listDead"]["answer"]).map(({ rawBody }) => rawBody);
  return [];
}
