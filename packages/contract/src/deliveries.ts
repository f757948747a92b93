/**
 * The deliveries that every adapter gets, and what must come of each. They are signed by the `svix` and
 * `standardwebhooks` packages: never by our own signer, which might share a mistake with our own verifier.
 */
import { newMessageId, signatureHeaders } from "@diffio-webhooks/test-support/signing";
import { Webhook as StandardWebhook } from "standardwebhooks";
import type { HttpRequest } from "./http.ts";
import { PATHS, SECRETS } from "./servers/fixture.ts";

/** The payload on the vendor's page. */
export const PAYLOAD_OF_THE_VENDORS_PAGE = {
  eventType: "generation.completed",
  eventId: "evt_123",
  createdAt: "2026-01-28T12:34:56Z",
  apiKeyId: "key_123",
  apiProjectId: "proj_123",
  generationId: "gen_123",
  status: "complete",
  hasVideo: false,
  modelKey: "diffio-2",
  error: null,
  errorDetails: null,
};

/** What must come of a delivery. */
export interface Expected {
  readonly status: number;
  /** The code in the reply's body, for refusals. */
  readonly error?: string;
  /** Whether its callback runs. */
  readonly runs: boolean;
  /** The name of the secret that the callback is told. */
  readonly secretName?: string;
}

/** A delivery and what must come of it. */
export interface DeliveryCase {
  readonly name: string;
  /** Made when it is sent, since timestamps go stale. */
  readonly request: () => HttpRequest & { readonly messageId: string };
  readonly expected: Expected;
}

/** How a signed request may be made different. */
export interface SignOptions {
  readonly path?: string;
  readonly secrets?: readonly string[];
  readonly ageInSeconds?: number;
  readonly messageId?: string;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly chunked?: boolean;
  readonly method?: string;
  /** Changes what was signed, afterwards. */
  readonly sentBody?: Uint8Array;
}

/** A request, signed. */
export function signedRequest(
  body: string | Uint8Array,
  options: SignOptions = {},
): HttpRequest & { messageId: string } {
  const {
    path = PATHS.plain,
    secrets = [SECRETS.current],
    ageInSeconds = 0,
    messageId = newMessageId(),
    contentType = "application/json",
    sentBody,
    headers,
    ...rest
  } = options;
  return {
    path,
    messageId,
    headers: {
      ...signatureHeaders(body, { secrets, ageInSeconds, messageId }),
      ...(contentType !== "" && { "content-type": contentType }),
      "user-agent": "Svix-Webhooks/1.89.0",
      ...headers,
    },
    body: sentBody ?? Buffer.from(body),
    ...rest,
  };
}

/** The vendor's payload with other fields. */
export function payload(fields: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ ...PAYLOAD_OF_THE_VENDORS_PAGE, ...fields });
}

const OK: Expected = { status: 200, runs: true };

function refused(status: number, error: string): Expected {
  return { status, error, runs: false };
}

function delivery(name: string, expected: Expected, request: DeliveryCase["request"]): DeliveryCase {
  return { name, expected, request };
}

/** The same headers but one; `undefined` leaves it out. */
function withHeader(
  request: HttpRequest & { messageId: string },
  name: string,
  value: string | readonly string[] | undefined,
): HttpRequest & { messageId: string } {
  const headers = { ...request.headers };
  delete headers[name];
  return { ...request, headers: value === undefined ? headers : { ...headers, [name]: value } };
}

function renamed(request: HttpRequest & { messageId: string }, names: readonly string[]): typeof request {
  const headers = Object.entries(request.headers ?? {}).map(([name, value]) => [
    names.includes(name) ? name.replace("svix-", "webhook-") : name,
    value,
  ]);
  return { ...request, headers: Object.fromEntries(headers) as Record<string, string> };
}

function flipLastBit(body: string): Uint8Array {
  const bytes = Buffer.from(body);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  return bytes;
}

const ALL_NAMES = ["svix-id", "svix-timestamp", "svix-signature"];
const ONE_MIB = 1_048_576;

/** JSON of exactly so many bytes. */
function payloadOf(bytes: number): string {
  const empty = payload({ padding: "" });
  return payload({ padding: "x".repeat(bytes - empty.length) });
}

function standardWebhookRequest(): HttpRequest & { messageId: string } {
  const body = payload();
  const messageId = newMessageId();
  const at = new Date();
  return {
    path: PATHS.plain,
    messageId,
    headers: {
      "webhook-id": messageId,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new StandardWebhook(SECRETS.current).sign(messageId, at, body),
    },
    body: Buffer.from(body),
  };
}

const VALID: readonly DeliveryCase[] = [
  ...(["queued", "processing", "failed", "completed"] as const).map((type) =>
    delivery(`generation.${type}`, OK, () => signedRequest(payload({ eventType: `generation.${type}` }))),
  ),
  delivery("webhook-* headers, signed by standardwebhooks", OK, standardWebhookRequest),
  delivery("svix.ping, which names no type", OK, () => signedRequest('{"success":true}')),
  delivery("an empty object", OK, () => signedRequest("{}")),
  delivery("an event type that is no string", OK, () => signedRequest('{"eventType":5}')),
  delivery("an unknown event type", OK, () => signedRequest('{"eventType":"generation.archived","x":1}')),
  delivery("an event type named like a prototype's property", OK, () =>
    signedRequest('{"eventType":"constructor"}'),
  ),
  delivery("an unknown status and extra fields", OK, () =>
    signedRequest(payload({ status: "paused", extra: [1] })),
  ),
  delivery("a status that does not match its type", OK, () => signedRequest(payload({ status: "queued" }))),
  delivery("JSON that re-serialising would change", OK, () =>
    signedRequest(payload().replace("{", '{ \n "number": 1.0, "text": "\\u00e9", "again": "é",\t')),
  ),
  delivery("a leading byte order mark", OK, () => signedRequest(`\uFEFF${payload()}`)),
  delivery("a __proto__ key", OK, () =>
    signedRequest(payload().replace("{", '{"__proto__":{"status":"error"},')),
  ),
  delivery("an extra field nested 50,000 deep", OK, () =>
    signedRequest(payload().replace("{", `{"deep":${"[".repeat(50_000)}${"]".repeat(50_000)},`)),
  ),
  delivery("no content type", OK, () => signedRequest(payload(), { contentType: "" })),
  delivery("content type text/plain", OK, () => signedRequest(payload(), { contentType: "text/plain" })),
  delivery("a content type that is none", OK, () =>
    signedRequest(payload(), { contentType: "what is this" }),
  ),
  delivery("content type of a form", OK, () =>
    signedRequest(payload(), { contentType: "application/x-www-form-urlencoded" }),
  ),
  delivery("content encoding identity", OK, () =>
    signedRequest(payload(), { headers: { "content-encoding": "identity" } }),
  ),
  delivery("chunked, without a content-length", OK, () => signedRequest(payload(), { chunked: true })),
  delivery("a body of exactly the limit", OK, () => signedRequest(payloadOf(ONE_MIB))),
  delivery("299 s old", OK, () => signedRequest(payload(), { ageInSeconds: 299 })),
  delivery("298 s ahead", OK, () => signedRequest(payload(), { ageInSeconds: -298 })),
  delivery("signed with the old secret during a rotation", OK, () =>
    signedRequest(payload(), { path: PATHS.rotation, secrets: [SECRETS.previous] }),
  ),
  delivery("signed with both secrets, the right one last", OK, () =>
    signedRequest(payload(), { secrets: [SECRETS.foreign, SECRETS.previous, SECRETS.current] }),
  ),
  delivery("signatures of other versions beside the right one", OK, () => {
    const request = signedRequest(payload());
    return withHeader(
      request,
      "svix-signature",
      `v1a,${"A".repeat(86)}== v2,x v1, ${String(request.headers?.["svix-signature"])}`,
    );
  }),
  delivery("named secrets: the one of the studio", { ...OK, secretName: "studio" }, () =>
    signedRequest(payload(), { path: PATHS.named, secrets: [SECRETS.previous] }),
  ),
  delivery("named secrets: the one of the archive", { ...OK, secretName: "archive" }, () =>
    signedRequest(payload(), { path: PATHS.named }),
  ),
  delivery("bytes kept by an earlier middleware", OK, () => signedRequest(payload(), { path: PATHS.kept })),
];

const REFUSED: readonly DeliveryCase[] = [
  ...["GET", "HEAD", "PUT", "PATCH", "DELETE"].map((method) =>
    delivery(`method ${method}`, refused(405, "method_not_allowed"), () => ({
      ...signedRequest(payload(), { method }),
      ...((method === "GET" || method === "HEAD") && { body: undefined as never }),
    })),
  ),
  delivery("gzip", refused(415, "unsupported_content_encoding"), () =>
    signedRequest(payload(), { headers: { "content-encoding": "gzip" } }),
  ),
  delivery("no signature headers at all", refused(400, "missing_header"), () =>
    ALL_NAMES.reduce((request, name) => withHeader(request, name, undefined), signedRequest(payload())),
  ),
  ...ALL_NAMES.map((name) =>
    delivery(`without ${name}`, refused(400, "missing_header"), () =>
      withHeader(signedRequest(payload()), name, undefined),
    ),
  ),
  ...ALL_NAMES.map((name) =>
    delivery(`${name} twice`, refused(400, "invalid_header"), () => {
      const request = signedRequest(payload());
      const value = String(request.headers?.[name]);
      return withHeader(request, name, [value, value]);
    }),
  ),
  ...ALL_NAMES.map((name) =>
    delivery(`${name} renamed to the other family`, refused(400, "invalid_header"), () =>
      renamed(signedRequest(payload()), [name]),
    ),
  ),
  delivery("both families", refused(400, "invalid_header"), () => {
    const request = signedRequest(payload());
    return { ...request, headers: { ...request.headers, ...renamed(request, ALL_NAMES).headers } };
  }),
  delivery("a dot in the id", refused(400, "invalid_header"), () =>
    signedRequest(payload(), { messageId: "msg.1" }),
  ),
  delivery("an id of 129 characters", refused(400, "invalid_header"), () =>
    signedRequest(payload(), { messageId: "m".repeat(129) }),
  ),
  ...[
    "0",
    "01700000000",
    "+1700000000",
    "1700000000.5",
    "1700000000abc",
    "1e9",
    "0x65",
    "now",
    "1700000000000000",
  ].map((timestamp) =>
    delivery(`timestamp ${timestamp}`, refused(400, "invalid_timestamp"), () =>
      withHeader(signedRequest(payload()), "svix-timestamp", timestamp),
    ),
  ),
  delivery("too old", refused(400, "timestamp_too_old"), () =>
    signedRequest(payload(), { ageInSeconds: 305 }),
  ),
  delivery("too new", refused(400, "timestamp_too_new"), () =>
    signedRequest(payload(), { ageInSeconds: -305 }),
  ),
  delivery("33 signatures", refused(400, "invalid_signature_header"), () => {
    const request = signedRequest(payload());
    return withHeader(
      request,
      "svix-signature",
      `${"v2,x ".repeat(32)}${String(request.headers?.["svix-signature"])}`,
    );
  }),
  delivery("an asymmetric signature only", refused(400, "invalid_signature_header"), () =>
    withHeader(signedRequest(payload()), "svix-signature", `v1a,${"A".repeat(86)}==`),
  ),
  delivery("a signature that is cut short", refused(400, "invalid_signature_header"), () => {
    const request = signedRequest(payload());
    return withHeader(request, "svix-signature", String(request.headers?.["svix-signature"]).slice(0, -1));
  }),
  delivery("forged: signed with another secret", refused(400, "no_matching_signature"), () =>
    signedRequest(payload(), { secrets: [SECRETS.foreign] }),
  ),
  delivery("tampered: one bit of the body changed", refused(400, "no_matching_signature"), () =>
    signedRequest(payload(), { sentBody: flipLastBit(payload()) }),
  ),
  delivery("the id of another message", refused(400, "no_matching_signature"), () =>
    withHeader(signedRequest(payload()), "svix-id", "msg_another"),
  ),
  delivery("a signed body that was left out", refused(400, "no_matching_signature"), () =>
    signedRequest(payload(), { sentBody: Buffer.alloc(0) }),
  ),
  delivery("a secret that cannot be had", refused(500, "secret_unavailable"), () =>
    signedRequest(payload(), { path: PATHS.noSecret }),
  ),
  delivery("1 MiB + 1", refused(413, "body_too_large"), () => signedRequest(payloadOf(ONE_MIB + 1))),
  delivery("1 MiB + 1, chunked", refused(413, "body_too_large"), () =>
    signedRequest(payloadOf(ONE_MIB + 1), { chunked: true }),
  ),
  delivery("8 MiB", refused(413, "body_too_large"), () => signedRequest(payloadOf(8 * ONE_MIB))),
  delivery("over a limit of one's own", refused(413, "body_too_large"), () =>
    signedRequest(payloadOf(1025), { path: PATHS.small }),
  ),
  ...[
    ["not JSON", "It works!"],
    ["empty", ""],
    ["null", "null"],
    ["[]", "[]"],
    ['"x"', '"x"'],
    ["a known event without its generation", payload({ generationId: undefined })],
    ["a known event with a number for an id", payload({ eventId: 1 })],
    ["arrays nested 50,000 deep", `${"[".repeat(50_000)}${"]".repeat(50_000)}`],
  ].map(([name = "", body = ""]) =>
    delivery(`signed, but ${name}`, refused(400, "invalid_payload"), () => signedRequest(body)),
  ),
  delivery("signed, but not UTF-8", refused(400, "invalid_payload"), () =>
    signedRequest(Buffer.concat([Buffer.from('{"eventType":"'), Buffer.from([0xff]), Buffer.from('"}')])),
  ),
];

/** All deliveries that stand alone. */
export const DELIVERIES: readonly DeliveryCase[] = [...VALID, ...REFUSED];

/** Those that arrive where a middleware has already parsed the body: valid and forged alike. */
export const PARSED_DELIVERIES: readonly DeliveryCase[] = [
  delivery("valid, but already parsed", refused(500, "body_already_parsed"), () =>
    signedRequest(payload(), { path: PATHS.parsed }),
  ),
  delivery("forged, and already parsed", refused(500, "body_already_parsed"), () =>
    signedRequest(payload(), { path: PATHS.parsed, secrets: [SECRETS.foreign] }),
  ),
  delivery("a string, already parsed", refused(500, "body_already_parsed"), () =>
    signedRequest('"x"', { path: PATHS.parsed }),
  ),
];
