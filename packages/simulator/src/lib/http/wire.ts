import { createHash, timingSafeEqual } from "node:crypto";
import { GENERATION_EVENT_TYPES, isGenerationEventType } from "@diffio-webhooks/core";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { TEST_EVENT_SCOPE } from "../api-keys.ts";
import { SimulatorError } from "../errors.ts";
import type { Simulator } from "../simulator.ts";
import type { TestEventOptions } from "../test-events.ts";
import type { ApiKey } from "../types.ts";
import type { AppEnv } from "./app.ts";

const MAX_BYTES = 1024 * 1024;

/** A request that the vendor's API refuses. Its SDKs show the top-level string. */
class WireError extends Error {
  readonly status: 400 | 401 | 403;
  constructor(status: 400 | 401 | 403, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The vendor's own `POST /v1/webhooks/send_test_event`, so that its SDKs work against the simulator by base URL alone.
 * Where the vendor documents nothing (which errors there are, and their words), it is simulated.
 */
export function createWire(simulator: Simulator): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const limit = bodyLimit({
    maxSize: MAX_BYTES,
    onError: (c) => c.json({ error: "The body is too large." }, 413),
  });
  // With or without /v1: the SDKs take base URLs of both kinds.
  for (const path of ["/v1/webhooks/send_test_event", "/webhooks/send_test_event"]) {
    app.post(path, limit, async (c) => {
      try {
        const apiKey = await authenticate(simulator, c.req.header("authorization"));
        return c.json(await simulator.sendTestEvent(readRequest(await readJson(c), apiKey)));
      } catch (error) {
        if (error instanceof WireError) return c.json({ error: error.message }, error.status);
        if (error instanceof SimulatorError) return c.json({ error: `${error.message} ${error.hint}` }, 400);
        throw error;
      }
    });
  }
  app.all("/v1/*", (c) =>
    c.json({ error: "The simulator has POST /v1/webhooks/send_test_event and no more." }, 404),
  );
  return app;
}

async function authenticate(simulator: Simulator, authorization: string | undefined): Promise<ApiKey> {
  const token = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw new WireError(401, "No API key: send Authorization: Bearer <key>.");
  const apiKey = (await simulator.apiKeys.list()).find((one) => isSame(one.token, token));
  if (!apiKey) throw new WireError(401, "This API key is not known.");
  return apiKey;
}

async function readJson(c: Context): Promise<Record<string, unknown>> {
  const value = await c.req.json<unknown>().catch(() => {
    throw new WireError(400, "The body is not JSON.");
  });
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new WireError(400, "The body is not a JSON object.");
}

function readRequest(body: Record<string, unknown>, apiKey: ApiKey): TestEventOptions {
  const { eventType, mode, apiKeyId, samplePayload } = body;
  if (apiKey.kind === "scoped" && !apiKey.scopes.includes(TEST_EVENT_SCOPE))
    throw new WireError(403, `This API key does not have the scope ${TEST_EVENT_SCOPE}.`);
  if (typeof eventType !== "string" || !isGenerationEventType(eventType))
    throw new WireError(400, `eventType must be one of ${GENERATION_EVENT_TYPES.join(", ")}.`);
  if (mode !== "test" && mode !== "live") throw new WireError(400, 'mode must be "test" or "live".');
  if (apiKeyId !== undefined && typeof apiKeyId !== "string")
    throw new WireError(400, "apiKeyId must be a string.");
  if (samplePayload !== undefined && !isObject(samplePayload))
    throw new WireError(400, "samplePayload must be an object.");
  if (apiKey.kind === "agent" && apiKeyId === undefined)
    throw new WireError(400, "An Agent key must name the apiKeyId to send for.");
  if (apiKey.kind === "scoped" && apiKeyId !== undefined && apiKeyId !== apiKey.id)
    throw new WireError(403, "Only an Agent key may name the apiKeyId of another key.");
  return {
    eventType,
    mode,
    apiKeyId: apiKeyId ?? apiKey.id,
    ...(samplePayload !== undefined && { samplePayload }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
