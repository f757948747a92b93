import type { ApiKeys } from "../api-keys.ts";
import type { ClockOption } from "../clock.ts";
import type { Endpoints } from "../endpoints.ts";
import { SimulatorError, invalidOption } from "../errors.ts";
import type { Messages } from "../messages.ts";
import type { Recover, Recovery, RecoveryProgress } from "../recover.ts";
import type { Simulator } from "../simulator.ts";
import type { TestEvent } from "../test-events.ts";
import type { ReceivedDelivery, TestUrl, TestUrls } from "../test-urls.ts";
import type { ApiKey, Attempt, Change, Endpoint, Message } from "../types.ts";
import { type ApiRequest, createCallApi } from "./http.ts";
import { readLines } from "./lines.ts";
import {
  type Json,
  reviveApiKey,
  reviveAttempt,
  reviveEndpoint,
  reviveMessage,
  reviveReceivedDelivery,
  reviveTestUrl,
} from "./revive.ts";

/** Options of {@link createSimulatorClient}. */
export interface SimulatorClientOptions {
  /** Where the simulator listens, such as `http://127.0.0.1:4400`. */
  url: string;
  /** Whether secrets are asked for in clear; else they come masked. Default false. */
  reveal?: boolean | undefined;
}

/** What a running simulator says of itself. */
export interface SimulatorInfo {
  readonly url: string;
  /** Masked without `reveal`. */
  readonly apiKey: string;
  readonly clock: ClockOption;
  readonly now: Date;
}

/**
 * The operations of a simulator, from another process. They throw what the library's throw, and `not_reachable` where
 * no simulator answers.
 */
export interface SimulatorClient extends Pick<
  Simulator,
  "sendTestEvent" | "resend" | "recover" | "replayMissing" | "idle"
> {
  readonly apiKeys: ApiKeys;
  readonly endpoints: Endpoints;
  readonly messages: Messages;
  readonly testUrls: TestUrls;
  readonly clock: { now(): Promise<Date>; advance(seconds: number): Promise<void> };
  info(): Promise<SimulatorInfo>;
  /** What changes from now on, until the signal aborts or the simulator closes. */
  changes(options?: { signal?: AbortSignal | undefined }): AsyncIterable<Change>;
}

/**
 * Makes a client of the simulator that listens at a URL. Nothing is sent yet.
 *
 * @throws SimulatorError `invalid_option`
 */
export function createSimulatorClient({ url, reveal = false }: SimulatorClientOptions): SimulatorClient {
  if (!URL.canParse(url))
    throw invalidOption(`${JSON.stringify(url)} is no URL.`, "Give the URL of a running simulator.");
  const callApi = createCallApi(url, reveal);
  const call = async <Answer>(request: ApiRequest): Promise<Json<Answer>> =>
    (await (await callApi(request)).json()) as Json<Answer>;
  const post = <Answer>(path: string, body: unknown = {}): Promise<Json<Answer>> =>
    call<Answer>({ method: "POST", path, body });
  const remove = async (path: string): Promise<void> => void (await callApi({ method: "DELETE", path }));
  const pathOf = (collection: string, id: string): string => `/${collection}/${encodeURIComponent(id)}`;

  /** Reads a recovery's lines: progress, and at last what came of it. */
  function recoverBy(operation: string): Recover {
    return async (endpointId, { onProgress, ...body }) => {
      const response = await callApi({
        method: "POST",
        path: `${pathOf("endpoints", endpointId)}/${operation}`,
        body,
      });
      for await (const line of readLines(response)) {
        const progress = JSON.parse(line) as RecoveryProgress | Recovery;
        if ("succeeded" in progress) return progress;
        onProgress?.(progress);
      }
      throw new SimulatorError("not_reachable", "The recovery broke off.", "Is the simulator still running?");
    };
  }

  return {
    async info() {
      const info = await call<SimulatorInfo>({ path: "" });
      return { ...info, now: new Date(info.now) };
    },
    apiKeys: {
      create: async (options) => reviveApiKey(await post<ApiKey>("/api-keys", options)),
      list: async () => (await call<ApiKey[]>({ path: "/api-keys" })).map(reviveApiKey),
      remove: (id) => remove(pathOf("api-keys", id)),
    },
    endpoints: {
      create: async (options) => reviveEndpoint(await post<Endpoint>("/endpoints", options)),
      list: async ({ apiKeyId } = {}) =>
        (await call<Endpoint[]>({ path: "/endpoints", query: { apiKeyId } })).map(reviveEndpoint),
      get: async (id) => reviveEndpoint(await call<Endpoint>({ path: pathOf("endpoints", id) })),
      update: async (id, body) =>
        reviveEndpoint(await call<Endpoint>({ method: "PATCH", path: pathOf("endpoints", id), body })),
      enable: async (id) => reviveEndpoint(await post<Endpoint>(`${pathOf("endpoints", id)}/enable`)),
      disable: async (id) => reviveEndpoint(await post<Endpoint>(`${pathOf("endpoints", id)}/disable`)),
      remove: (id) => remove(pathOf("endpoints", id)),
      rotateSecret: async (id, options) =>
        (await post<{ signingSecret: string }>(`${pathOf("endpoints", id)}/rotate-secret`, options))
          .signingSecret,
    },
    messages: {
      async list({ limit, ...filter } = {}) {
        const query = { ...filter, limit: limit?.toString() };
        return (await call<Message[]>({ path: "/messages", query })).map(reviveMessage);
      },
      get: async (id) => reviveMessage(await call<Message>({ path: pathOf("messages", id) })),
    },
    testUrls: {
      create: async (options) => reviveTestUrl(await post<TestUrl>("/test-urls", options)),
      list: async () => (await call<TestUrl[]>({ path: "/test-urls" })).map(reviveTestUrl),
      get: async (id) => reviveTestUrl(await call<TestUrl>({ path: pathOf("test-urls", id) })),
      remove: (id) => remove(pathOf("test-urls", id)),
      deliveries: async (id) =>
        (await call<ReceivedDelivery[]>({ path: `${pathOf("test-urls", id)}/deliveries` })).map(
          reviveReceivedDelivery,
        ),
    },
    clock: {
      now: async () => new Date((await call<SimulatorInfo>({ path: "/clock" })).now),
      advance: async (seconds) => void (await post("/clock/advance", { seconds })),
    },
    sendTestEvent: (event) => post<TestEvent>("/test-events", event),
    resend: async (messageId, options) =>
      (await post<Attempt[]>(`${pathOf("messages", messageId)}/resend`, options)).map(reviveAttempt),
    recover: recoverBy("recover"),
    replayMissing: recoverBy("replay-missing"),
    idle: async () => void (await post("/idle")),
    async *changes({ signal } = {}) {
      const response = await callApi({ path: "/events", signal });
      let event = "";
      try {
        for await (const line of readLines(response)) {
          if (line.startsWith("event: ")) event = line.slice("event: ".length);
          else if (line.startsWith("data: ") && event === "change")
            yield JSON.parse(line.slice("data: ".length)) as Change;
        }
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
    },
  };
}
