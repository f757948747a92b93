import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { type ApiKeys, createApiKeys } from "./api-keys.ts";
import { type ClockOption, type SimulatedClock, startClock } from "./clock.ts";
import { createDeliveries } from "./deliveries.ts";
import { type Endpoints, createEndpoints } from "./endpoints.ts";
import { SimulatorError, invalidOption } from "./errors.ts";
import { createApp } from "./http/app.ts";
import { isLoopback } from "./http/guard.ts";
import { type Messages, createMessages } from "./messages.ts";
import { checkNumber, checkObject } from "./options.ts";
import { type Recover, createRecoveries } from "./recover.ts";
import { type ResendOptions, createResend } from "./resend.ts";
import { openStore } from "./store.ts";
import { type TestEvent, type TestEventOptions, createTestEventSender } from "./test-events.ts";
import { type TestUrls, createTestUrls } from "./test-urls.ts";
import type { Attempt, Change } from "./types.ts";

/** The longest timeout, and the furthest advance, in seconds: 10 minutes, 10 years. */
const MAX_TIMEOUT = 600;
const MAX_ADVANCE = 10 * 365 * 24 * 3600;
const MAX_PORT = 65_535;

/** Options of {@link startSimulator}. */
export interface SimulatorOptions {
  /** Default 0: any free one. */
  port?: number | undefined;
  /**
   * The address to listen at. Default `127.0.0.1`. Anyone who reaches another one can read payloads and secrets and
   * send requests from this machine.
   */
  host?: string | undefined;
  /** Default `"real"`. `"manual"` stands still until it is advanced; `{ speed: 60 }` goes a minute each second. */
  clock?: ClockOption | undefined;
  /** How far the delays of the schedule vary: 0.2 for ±20 %, the default; 0 for none. */
  jitter?: number | undefined;
  /** How long a receiver may take, on the wall clock. Default 15. */
  timeoutInSeconds?: number | undefined;
  /** A file that keeps everything over a restart. Default: nothing is kept. */
  data?: string | undefined;
}

/** The simulated clock of a simulator. Schedules, grace periods and windows are measured on it. */
export interface SimulatorClock {
  readonly option: ClockOption;
  now(): Date;
  /**
   * Goes forward, on any clock. Resolves when all attempts that are due until then have been made, each at its time.
   *
   * @throws SimulatorError `invalid_option`
   */
  advance(seconds: number): Promise<void>;
}

/** The sender's side, on this machine. */
export interface Simulator {
  /** Where it listens: `http://127.0.0.1:<port>`. Also the base URL of the vendor's API, with or without `/v1`. */
  readonly url: string;
  /** The token of the first API key, for `Authorization: Bearer …`. */
  readonly apiKey: string;
  readonly apiKeys: ApiKeys;
  readonly endpoints: Endpoints;
  readonly messages: Messages;
  readonly testUrls: TestUrls;
  readonly clock: SimulatorClock;
  /**
   * Sends an event to every enabled endpoint that wants it. Resolves when the message is stored; its attempts go on.
   *
   * @throws SimulatorError `invalid_option`, `not_found`
   */
  sendTestEvent(options: TestEventOptions): Promise<TestEvent>;
  /**
   * Sends a message once more: the same id, one attempt for each endpoint, no retries after it.
   *
   * @throws SimulatorError `not_found`, `endpoint_disabled`
   */
  resend(messageId: string, options?: ResendOptions): Promise<Attempt[]>;
  /**
   * Sends again, once each, the messages that an endpoint was sent since a time and never took.
   *
   * @throws SimulatorError `not_found`, `endpoint_disabled`, `invalid_option`
   */
  readonly recover: Recover;
  /**
   * Sends, once each, the messages since a time that an endpoint wants and was never sent.
   *
   * @throws SimulatorError `not_found`, `endpoint_disabled`, `invalid_option`
   */
  readonly replayMissing: Recover;
  /** Resolves when nothing is due and nothing is on its way. Retries to come are not waited for. */
  idle(): Promise<void>;
  /** Calls the listener after each change; returns the function that ends it. */
  onChange(listener: (change: Change) => void): () => void;
  /** Stops at once. With a data file, attempts that were on their way are made again after a restart. */
  close(): Promise<void>;
}

/**
 * Starts the sender's side: it signs and delivers test events over real HTTP, retries them by the vendor's schedule,
 * and answers the vendor's `send_test_event`.
 *
 * @throws SimulatorError `invalid_option`, `port_in_use`, `invalid_data_file`
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  checkObject("The options", options);
  const { host = "127.0.0.1", clock: clockOption = "real", data } = options;
  const port = checkNumber("port", options.port, { default: 0, max: MAX_PORT, integer: true });
  const jitter = checkNumber("jitter", options.jitter, { default: 0.2, max: 1 });
  const timeoutInMs =
    1000 *
    checkNumber("timeoutInSeconds", options.timeoutInSeconds, { default: 15, min: 0.001, max: MAX_TIMEOUT });
  if (data !== undefined && (typeof data !== "string" || data === ""))
    throw invalidOption("data is no path.", "Give the path of a file, or leave it out.");
  // Checked before anything is opened.
  startClock(clockOption, 0);

  const store = openStore(data, () => clock.now());
  const clock = startClock(clockOption, startTime(clockOption, store.lastAt));
  const closing = new AbortController();
  const tools = { store, clock, timeoutInMs, signal: closing.signal };
  const deliveries = createDeliveries({ ...tools, jitter });
  const { apiKeys, first } = createApiKeys({ store, clock });
  const context = { store, clock, deliveries };
  const sendTestEvent = createTestEventSender(context, first.id);
  const { testUrls, receive } = createTestUrls({ store, clock }, (token) => `${simulator.url}/in/${token}`);

  const simulator: Simulator & { url: string } = {
    url: "",
    apiKey: first.token,
    apiKeys,
    endpoints: createEndpoints(context, first.id),
    messages: createMessages(store),
    testUrls,
    clock: createSimulatorClock(clock, (milliseconds) => deliveries.advance(milliseconds)),
    sendTestEvent: async (event) => sendTestEvent(event),
    resend: createResend(context),
    ...createRecoveries(context),
    idle: () => deliveries.idle(),
    onChange: (listener) => store.onChange(listener),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      server.closeAllConnections();
      await closed;
      await deliveries.idle();
      store.close();
    },
  };

  const app = createApp({
    simulator,
    host,
    receive,
    signal: closing.signal,
  });
  const server = createAdaptorServer({ fetch: app.fetch, createServer }) as Server;
  try {
    simulator.url = await listen(server, port, host);
  } catch (error) {
    store.close();
    throw error;
  }
  if (!isLoopback(host)) {
    console.warn(
      `The simulator listens at ${host}, not only at this machine: anyone who reaches it can read payloads and secrets, ` +
        "and let this machine send requests.",
    );
  }
  deliveries.resume();
  return simulator;
}

/** It never goes back. By hand, it stands where it stood when it was stopped. */
function startTime(option: ClockOption, lastAt: number | undefined): number {
  if (lastAt === undefined) return Date.now();
  return option === "manual" ? lastAt : Math.max(lastAt, Date.now());
}

function createSimulatorClock(
  clock: SimulatedClock,
  advance: (milliseconds: number) => Promise<void>,
): SimulatorClock {
  return {
    option: clock.option,
    now: () => new Date(clock.now()),
    async advance(seconds) {
      if (typeof seconds !== "number" || !(seconds >= 0 && seconds <= MAX_ADVANCE))
        throw invalidOption(
          `The clock cannot be advanced by ${String(seconds)}.`,
          "Give a number of seconds, 0 or more and at most ten years.",
        );
      await advance(1000 * seconds);
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const message = `Cannot listen at ${host}:${port} (${error.code ?? error.message}).`;
      reject(
        error.code === "EADDRINUSE"
          ? new SimulatorError(
              "port_in_use",
              message,
              "Stop what listens there, or choose another port.",
              error,
            )
          : invalidOption(message, "Choose another port or host.", error),
      );
    });
    server.listen(port, host, resolve);
  });
  const { port: chosen, family, address } = server.address() as AddressInfo;
  // Every address is no address to send to.
  const reachable = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  return `http://${family === "IPv6" ? `[${reachable}]` : reachable}:${chosen}`;
}
