import { clearTimeout, setTimeout } from "@diffio-webhooks/core/inbox";
import { Worker } from "node:worker_threads";
import type { FromWorker, Request, WorkerOptions } from "./operations.ts";
import { type Wire, packRequests, unpackAnswers } from "./wire.ts";

const CLOSE_LIMIT_MS = 2000;

/** The worker, started when it is first needed and anew after it has died. */
export interface Thread {
  /** Throws where no thread can be started. */
  post(requests: readonly Request[]): void;
  /** While nothing is expected of it, the thread keeps no process alive. */
  rest(): void;
  /** Closes the database and ends the thread. */
  end(): Promise<void>;
}

/** What a thread needs. */
export interface ThreadOptions {
  readonly file: URL;
  /** Asked at each start. */
  workerData(): WorkerOptions;
  onMessage(message: FromWorker): void;
  /** It has ended without having been told to. */
  onCrash(message: string): void;
}

/** Makes the thread; starts nothing yet. */
export function createThread({ file, workerData, onMessage, onCrash }: ThreadOptions): Thread {
  let worker: Worker | undefined;

  function start(): Worker {
    // With no flags: those of the service (to load its tools, say) are none of this thread's business.
    const started = new Worker(file, {
      workerData: workerData(),
      execArgv: [],
      name: "diffio-webhooks-sqlite",
    });
    const crashed = (message: string): void => {
      if (worker !== started) return;
      worker = undefined;
      onCrash(message);
    };
    started.on("message", (message: Wire) => onMessage(unpackAnswers(message)));
    started.on("error", (error) => crashed(`its thread failed with ${error.message}`));
    started.on("exit", (code) => crashed(`its thread ended with code ${code}`));
    return started;
  }

  return {
    post(requests) {
      worker ??= start();
      worker.ref();
      worker.postMessage(packRequests(requests), []);
    },
    rest: () => worker?.unref(),
    async end() {
      const ending = worker;
      if (!ending) return;
      worker = undefined;
      ending.ref();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          ending.unref();
          void ending.terminate();
          resolve();
        }, CLOSE_LIMIT_MS);
        ending.once("exit", () => {
          clearTimeout(timer);
          resolve();
        });
        ending.postMessage("close", []);
      });
    },
  };
}
