import { WebhookError } from "@diffio-webhooks/core";
import { SimulatorError, isSimulatorErrorCode } from "../errors.ts";

/** One request to the control API. */
export interface ApiRequest {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below `/api`, each part encoded where it may hold anything. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests to the control API; resolves with the response of those that succeed. */
export type CallApi = (request: ApiRequest) => Promise<Response>;

/** Makes the function that sends requests and throws what the simulator refuses, as the library would. */
export function createCallApi(url: string, reveal: boolean): CallApi {
  const base = `${url.replace(/\/+$/, "")}/api`;
  return async function callApi({ method = "GET", path, query = {}, body, signal }) {
    const target = new URL(base + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.searchParams.set(name, value);
    }
    if (reveal) target.searchParams.set("reveal", "true");
    let response: Response;
    try {
      response = await fetch(target, {
        method,
        ...(body !== undefined && {
          body: JSON.stringify(body),
          headers: { "content-type": "application/json" },
        }),
        ...(signal && { signal }),
      });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new SimulatorError(
        "not_reachable",
        `No simulator answers at ${url}.`,
        "Start one, or name the URL of the one that runs.",
        cause,
      );
    }
    if (!response.ok) throw await toError(response, url);
    return response;
  };
}

async function toError(response: Response, url: string): Promise<Error> {
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const { error, message, hint } = answer;
  if (typeof message !== "string") {
    return new SimulatorError(
      "not_reachable",
      `What answers at ${url} (${response.status}) is no simulator.`,
      "Name the URL of the simulator.",
    );
  }
  const mend = typeof hint === "string" ? hint : "";
  if (error === "invalid_secret") return new WebhookError("invalid_secret", message, { hint: mend });
  return new SimulatorError(isSimulatorErrorCode(error) ? error : "failed", message, mend);
}
