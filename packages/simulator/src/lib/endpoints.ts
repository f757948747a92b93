import { validateHeaderName, validateHeaderValue } from "node:http";
import type { GenerationEventType } from "@diffio-webhooks/core";
import type { SimulatedClock } from "./clock.ts";
import type { Deliveries } from "./deliveries.ts";
import { invalidOption } from "./errors.ts";
import { newId, newSigningSecret } from "./ids.ts";
import { checkEventTypes, checkModes, checkNumber, checkObject, checkSigningSecret } from "./options.ts";
import type { EndpointRecord } from "./records.ts";
import { type Store, findApiKey, findEndpoint } from "./store.ts";
import type { Endpoint, Mode } from "./types.ts";

/** Days that a rotated secret may go on signing, and by default does, in seconds. */
const MAX_GRACE = 7 * 24 * 3600;
const DEFAULT_GRACE = 24 * 3600;
/** Old secrets that sign beside the newest. */
const MAX_OLD_SECRETS = 10;
/** Set by the sender, so that an endpoint cannot have its own. */
const RESERVED_HEADERS =
  /^(svix-.*|webhook-.*|host|content-.*|transfer-encoding|connection|user-agent|expect|te|trailer|upgrade)$/;

/** What may be said of an endpoint from the beginning. */
export interface CreateEndpointOptions {
  /** `http:` or `https:` */
  url: string;
  /** Default: all types. */
  eventTypes?: readonly GenerationEventType[] | undefined;
  /** `whsec_…`. Default: a new one. */
  signingSecret?: string | undefined;
  /** Sent with each delivery. The sender's own (`svix-*`, `content-type` and such) cannot be set. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Default: both. */
  modes?: readonly Mode[] | undefined;
  /** Whose events it gets. Default: those of `simulator.apiKey`. */
  apiKeyId?: string | undefined;
}

/** What may be changed of an endpoint; what is absent stays. */
export type UpdateEndpointOptions = Partial<
  Pick<CreateEndpointOptions, "url" | "eventTypes" | "headers" | "modes">
>;

/** The endpoints of all API keys. Unknown ids throw `not_found`, wrong options `invalid_option`. */
export interface Endpoints {
  /** @throws WebhookError `invalid_secret` for a signing secret that no receiver would take */
  create(options: CreateEndpointOptions): Promise<Endpoint>;
  /** Oldest first; those of one API key, or all. */
  list(options?: { apiKeyId?: string | undefined }): Promise<Endpoint[]>;
  get(id: string): Promise<Endpoint>;
  update(id: string, changes: UpdateEndpointOptions): Promise<Endpoint>;
  /** What it missed is not sent: recover does that. */
  enable(id: string): Promise<Endpoint>;
  /** Also drops the attempts that were planned. */
  disable(id: string): Promise<Endpoint>;
  /** Its attempts stay with their messages. */
  remove(id: string): Promise<void>;
  /**
   * Gives it a new signing secret; the old one signs too, beside it, for `graceInSeconds` of the simulated clock
   * (default a day, at most 7).
   *
   * @returns the new secret
   */
  rotateSecret(
    id: string,
    options?: { graceInSeconds?: number | undefined; signingSecret?: string | undefined },
  ): Promise<string>;
}

/** Makes the operations on endpoints. */
export function createEndpoints(
  { store, clock, deliveries }: { store: Store; clock: SimulatedClock; deliveries: Deliveries },
  defaultApiKeyId: string,
): Endpoints {
  function change(id: string, changes: Partial<EndpointRecord>): Endpoint {
    const endpoint = { ...findEndpoint(store, id), ...changes };
    store.save("endpoint", endpoint);
    return toEndpoint(endpoint, clock.now());
  }

  return {
    async create(options) {
      checkObject("The endpoint", options);
      const { signingSecret = newSigningSecret(), apiKeyId = defaultApiKeyId } = options;
      findApiKey(store, apiKeyId);
      checkSigningSecret(signingSecret);
      const endpoint: EndpointRecord = {
        id: newId("ep"),
        apiKeyId,
        url: checkUrl(options.url),
        eventTypes: checkEventTypes(options.eventTypes),
        modes: checkModes(options.modes),
        headers: checkHeaders(options.headers),
        secrets: [{ signingSecret, expiresAt: null }],
        disabledBecause: null,
        failingSince: null,
        createdAt: clock.now(),
      };
      store.save("endpoint", endpoint);
      return toEndpoint(endpoint, clock.now());
    },
    async list({ apiKeyId } = {}) {
      const endpoints = store
        .all("endpoint")
        .filter((one) => apiKeyId === undefined || one.apiKeyId === apiKeyId);
      return endpoints.map((endpoint) => toEndpoint(endpoint, clock.now()));
    },
    async get(id) {
      return toEndpoint(findEndpoint(store, id), clock.now());
    },
    async update(id, changes) {
      checkObject("The change", changes);
      const { url, eventTypes, headers, modes } = changes;
      return change(id, {
        ...(url !== undefined && { url: checkUrl(url) }),
        ...(eventTypes !== undefined && { eventTypes: checkEventTypes(eventTypes) }),
        ...(headers !== undefined && { headers: checkHeaders(headers) }),
        ...(modes !== undefined && { modes: checkModes(modes) }),
      });
    },
    async enable(id) {
      return change(id, { disabledBecause: null, failingSince: null });
    },
    async disable(id) {
      const endpoint = change(id, { disabledBecause: "asked" });
      deliveries.abandon(id);
      return endpoint;
    },
    async remove(id) {
      findEndpoint(store, id);
      deliveries.abandon(id);
      store.remove("endpoint", id);
    },
    async rotateSecret(id, { graceInSeconds, signingSecret = newSigningSecret() } = {}) {
      const { secrets } = findEndpoint(store, id);
      const grace = checkNumber("graceInSeconds", graceInSeconds, { default: DEFAULT_GRACE, max: MAX_GRACE });
      checkSigningSecret(signingSecret);
      const now = clock.now();
      const old = secrets
        .map((secret) => ({ ...secret, expiresAt: secret.expiresAt ?? now + grace * 1000 }))
        .filter((secret) => secret.expiresAt > now && secret.signingSecret !== signingSecret);
      change(id, { secrets: [{ signingSecret, expiresAt: null }, ...old.slice(0, MAX_OLD_SECRETS)] });
      return signingSecret;
    },
  };
}

function toEndpoint(record: EndpointRecord, now: number): Endpoint {
  const { secrets, disabledBecause, failingSince, createdAt, ...rest } = record;
  return {
    ...rest,
    signingSecret: secrets[0]?.signingSecret ?? "",
    previousSecrets: secrets.flatMap(({ signingSecret, expiresAt }) =>
      expiresAt !== null && expiresAt > now ? [{ signingSecret, expiresAt: new Date(expiresAt) }] : [],
    ),
    disabled: disabledBecause !== null,
    disabledBecause,
    failingSince: failingSince === null ? null : new Date(failingSince),
    createdAt: new Date(createdAt),
  };
}

function checkUrl(url: unknown): string {
  const hint = "Give the whole URL of the receiver, such as http://localhost:3000/webhooks/diffio.";
  if (typeof url !== "string" || !URL.canParse(url))
    throw invalidOption(`${JSON.stringify(url)} is no URL.`, hint);
  const { protocol } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:")
    throw invalidOption(`A delivery cannot be sent to ${protocol}`, hint);
  return url;
}

function checkHeaders(headers: unknown): Readonly<Record<string, string>> {
  if (headers === undefined) return {};
  checkObject("headers", headers);
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers as Record<string, unknown>)) {
    const lowerCase = name.toLowerCase();
    if (RESERVED_HEADERS.test(lowerCase))
      throw invalidOption(`The header ${name} is the sender's own.`, "Use another name.");
    try {
      validateHeaderName(name);
      if (typeof value !== "string") throw new TypeError("not a string");
      validateHeaderValue(name, value);
    } catch (cause) {
      throw invalidOption(
        `The header ${JSON.stringify(name)} cannot be sent.`,
        "Names are letters, digits and hyphens; values are strings without line breaks.",
        cause,
      );
    }
    checked[lowerCase] = value;
  }
  return checked;
}
