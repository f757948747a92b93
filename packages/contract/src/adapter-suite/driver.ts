import { afterAll, beforeAll } from "vitest";
import type { Adapter, RunningAdapter } from "../adapters.ts";
import { type HttpReply, type HttpRequest, send } from "../http.ts";
import type { Ledger, LedgerRun } from "../servers/fixture.ts";

/** One adapter's server, as its tests use it. */
export interface AdapterDriver {
  readonly adapter: Adapter;
  /** The server's origin. */
  origin(): string;
  deliver(request: HttpRequest): Promise<HttpReply>;
  /** What has happened, once all receivers are idle. */
  ledger(): Promise<Ledger>;
  /** What has happened so far. */
  ledgerNow(): Promise<Ledger>;
  /** The runs of a message, once all receivers are idle. */
  runsOf(messageId: string): Promise<LedgerRun[]>;
  /** All that was delivered with {@link deliver}. */
  readonly delivered: readonly HttpRequest[];
  /** All that the server has written to stdout and stderr. */
  output(): string;
}

/** Starts the adapter's server before the tests of this suite, and ends it after them. */
export function adapterDriver(adapter: Adapter): AdapterDriver {
  let server: RunningAdapter;
  const delivered: HttpRequest[] = [];
  beforeAll(async () => {
    server = await adapter.start();
  });
  afterAll(() => server.close());

  async function read(path: string): Promise<Ledger> {
    return JSON.parse((await send(server.url, { method: "GET", path })).text) as Ledger;
  }
  return {
    adapter,
    origin: () => server.url,
    deliver(request) {
      delivered.push(request);
      return send(server.url, request);
    },
    ledger: () => read("/ledger"),
    ledgerNow: () => read("/ledger/now"),
    runsOf: async (messageId) => (await read("/ledger")).runs.filter((run) => run.messageId === messageId),
    delivered,
    output: () => server.stdout() + server.stderr(),
  };
}
