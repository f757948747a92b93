import { WebhookError } from "@diffio-webhooks/core";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { CreateApiKeyOptions } from "../api-keys.ts";
import type { CreateEndpointOptions, UpdateEndpointOptions } from "../endpoints.ts";
import { SimulatorError, invalidOption } from "../errors.ts";
import type { ListMessagesOptions } from "../messages.ts";
import type { Simulator } from "../simulator.ts";
import type { TestEventOptions } from "../test-events.ts";
import type { ReceivedDelivery, TestUrl } from "../test-urls.ts";
import type { AppEnv } from "./app.ts";
import { streamChanges } from "./event-stream.ts";
import { MASK, maskApiKey, maskAttempt, maskEndpoint, maskMessage, maskSecret } from "./mask.ts";
import { streamRecovery } from "./recovery-stream.ts";

const MAX_BYTES = 1024 * 1024;

/**
 * The control API: what the library does, as JSON over HTTP. Errors are `{ error: "<code>", message, hint }`. Secrets
 * are masked unless the query says `reveal=true`.
 */
export function createApi(simulator: Simulator, signal: AbortSignal): Hono<AppEnv> {
  const { apiKeys, endpoints, messages, testUrls, clock } = simulator;
  const app = new Hono<AppEnv>();
  const clockState = (): object => ({ clock: clock.option, now: clock.now() });

  app.use(
    bodyLimit({
      maxSize: MAX_BYTES,
      onError: (c) =>
        c.json({ error: "invalid_option", message: "The body is too large.", hint: "At most 1 MiB." }, 413),
    }),
  );
  app.onError((error, c) => {
    if (!(error instanceof SimulatorError || error instanceof WebhookError)) throw error;
    const { code, message, hint } = error;
    // Core's errors have the status of a receiver's reply; here they are a mistake of whoever asks.
    const status = error instanceof SimulatorError ? error.status : 400;
    return c.json({ error: code, message, hint }, status satisfies ContentfulStatusCode);
  });

  app.get("/", (c) =>
    c.json({ url: simulator.url, apiKey: isRevealed(c) ? simulator.apiKey : MASK, ...clockState() }),
  );
  app.get("/events", (c) => streamChanges(c, simulator, signal));
  app.get("/clock", (c) => c.json(clockState()));
  app.post("/clock/advance", async (c) => {
    const { seconds } = await readBody<{ seconds: number }>(c);
    await clock.advance(seconds);
    return c.json(clockState());
  });
  app.post("/idle", async (c) => {
    await simulator.idle();
    return c.json({ idle: true });
  });

  app.get("/api-keys", async (c) =>
    c.json((await apiKeys.list()).map(isRevealed(c) ? (one) => one : maskApiKey)),
  );
  app.post("/api-keys", async (c) => {
    const apiKey = await apiKeys.create(await readBody<CreateApiKeyOptions>(c));
    return c.json(isRevealed(c) ? apiKey : maskApiKey(apiKey), 201);
  });
  app.delete("/api-keys/:id", async (c) => {
    await apiKeys.remove(c.req.param("id"));
    return c.body(null, 204);
  });

  app.get("/endpoints", async (c) => {
    const { apiKeyId } = c.req.query();
    const found = await endpoints.list({ apiKeyId });
    return c.json(isRevealed(c) ? found : found.map(maskEndpoint));
  });
  app.post("/endpoints", async (c) => {
    const endpoint = await endpoints.create(await readBody<CreateEndpointOptions>(c));
    return c.json(isRevealed(c) ? endpoint : maskEndpoint(endpoint), 201);
  });
  app.get("/endpoints/:id", async (c) => {
    const endpoint = await endpoints.get(c.req.param("id"));
    return c.json(isRevealed(c) ? endpoint : maskEndpoint(endpoint));
  });
  app.patch("/endpoints/:id", async (c) => {
    const endpoint = await endpoints.update(c.req.param("id"), await readBody<UpdateEndpointOptions>(c));
    return c.json(isRevealed(c) ? endpoint : maskEndpoint(endpoint));
  });
  app.delete("/endpoints/:id", async (c) => {
    await endpoints.remove(c.req.param("id"));
    return c.body(null, 204);
  });
  for (const operation of ["enable", "disable"] as const) {
    app.post(`/endpoints/:id/${operation}`, async (c) => {
      const endpoint = await endpoints[operation](c.req.param("id"));
      return c.json(isRevealed(c) ? endpoint : maskEndpoint(endpoint));
    });
  }
  app.post("/endpoints/:id/rotate-secret", async (c) => {
    const signingSecret = await endpoints.rotateSecret(c.req.param("id"), await readBody<object>(c));
    return c.json({ signingSecret: isRevealed(c) ? signingSecret : maskSecret(signingSecret) });
  });
  for (const [path, operation] of [
    ["recover", "recover"],
    ["replay-missing", "replayMissing"],
  ] as const) {
    app.post(`/endpoints/:id/${path}`, async (c) => {
      const { since, until } = await readBody<{ since: string; until?: string }>(c);
      const window = { since: new Date(since), ...(until !== undefined && { until: new Date(until) }) };
      const endpointId = c.req.param("id");
      return streamRecovery(c, (onProgress) => simulator[operation](endpointId, { ...window, onProgress }));
    });
  }

  app.post("/test-events", async (c) =>
    c.json(await simulator.sendTestEvent(await readBody<TestEventOptions>(c)), 201),
  );
  app.get("/messages", async (c) => {
    const { limit, ...filter } = c.req.query();
    const found = await messages.list({
      ...(filter as ListMessagesOptions),
      ...(limit !== undefined && { limit: Number(limit) }),
    });
    return c.json(isRevealed(c) ? found : found.map(maskMessage));
  });
  app.get("/messages/:id", async (c) => {
    const message = await messages.get(c.req.param("id"));
    return c.json(isRevealed(c) ? message : maskMessage(message));
  });
  app.post("/messages/:id/resend", async (c) => {
    const attempts = await simulator.resend(c.req.param("id"), await readBody<object>(c));
    return c.json(isRevealed(c) ? attempts : attempts.map(maskAttempt));
  });

  app.get("/test-urls", async (c) =>
    c.json((await testUrls.list()).map((one) => toJson(one, isRevealed(c)))),
  );
  app.post("/test-urls", async (c) =>
    c.json(toJson(await testUrls.create(await readBody<object>(c)), isRevealed(c)), 201),
  );
  app.get("/test-urls/:id", async (c) =>
    c.json(toJson(await testUrls.get(c.req.param("id")), isRevealed(c))),
  );
  app.delete("/test-urls/:id", async (c) => {
    await testUrls.remove(c.req.param("id"));
    return c.body(null, 204);
  });
  app.get("/test-urls/:id/deliveries", async (c) =>
    c.json((await testUrls.deliveries(c.req.param("id"))).map(receivedToJson)),
  );
  return app;
}

function isRevealed(c: Context): boolean {
  return c.req.query("reveal") === "true";
}

/** The options that came as JSON; none for an empty body. The operations check them. */
async function readBody<Options extends object>(c: Context): Promise<Options> {
  const text = await c.req.text();
  if (text === "") return {} as Options;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidOption("The body is not JSON.", "Send a JSON object of options.", cause);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Options;
  throw invalidOption("The body is not a JSON object.", "Send a JSON object of options.");
}

function toJson(testUrl: TestUrl, isSecretShown: boolean): TestUrl {
  const { signingSecret } = testUrl;
  return isSecretShown || signingSecret === null
    ? testUrl
    : { ...testUrl, signingSecret: maskSecret(signingSecret) };
}

/** The bytes as base64. */
function receivedToJson({
  body,
  ...rest
}: ReceivedDelivery): Omit<ReceivedDelivery, "body"> & { body: string } {
  return { ...rest, body: Buffer.from(body).toString("base64") };
}
