import { hasSucceeded } from "./attempts.ts";
import type { Fault } from "./faults.ts";
import type { AttemptRecord } from "./records.ts";

/** What test URLs say in the header `server` of their replies. */
export const TEST_URL_SERVER = "diffio-webhooks test URL";

/**
 * What each code that a receiver of this project answers means to its developer. The receiver itself tells a sender no
 * more than the code; whoever looks at the simulator is its developer.
 */
const BY_CODE: Readonly<Record<string, string>> = {
  body_already_parsed:
    "Another middleware took the bytes before the receiver saw them. Mount the webhook route before `express.json()` " +
    "(or whichever parser runs), or keep the bytes: `express.json({ verify: (req, res, bytes) => { req.rawBody = bytes; } })`.",
  no_matching_signature:
    "The receiver's signing secret is not this endpoint's, or something changed the body on its way. Compare the " +
    "secret with the one on the endpoint's page: each endpoint has its own.",
  missing_header: "A header of the signature did not arrive: a proxy may remove what it does not know.",
  invalid_header:
    "An id, timestamp or signature header arrived twice, or changed: a proxy may add its own copy.",
  timestamp_too_old:
    "By the receiver's clock the delivery was signed too long ago. Check that clock against NTP.",
  timestamp_too_new:
    "By the receiver's clock the delivery was signed in the future. Check that clock against NTP.",
  invalid_timestamp: "The timestamp header did not arrive as it was sent.",
  invalid_signature_header: "The signature header did not arrive as it was sent.",
  unsupported_content_encoding: "The body arrived compressed, which the receiver never takes.",
  invalid_payload: "The signature was right, but the body is not an event that the receiver can read.",
  body_too_large: "The body has more bytes than the receiver takes (`maxBodyBytes`, 1 MiB by default).",
  body_incomplete: "The connection ended before the body was whole.",
  method_not_allowed: "The receiver takes POST only: something on the way changed the method.",
  secret_unavailable:
    "The receiver's `signingSecret` function failed or gave nothing usable: its log says why.",
  handler_failed: "The receiver verified the delivery, and then its callback failed: its log says why.",
  receiver_closed: "The receiver was stopping.",
  receiver_busy: "The receiver was full: its callbacks take longer than deliveries come in.",
  inbox_unavailable: "The receiver could not store the message: look at its inbox.",
};

/** What receivers say that verify with the `svix` or `standardwebhooks` package and show its errors. */
const BY_WORDS: readonly (readonly [said: RegExp, advice: string])[] = [
  [
    /Expected payload to be of type string or Buffer/,
    "The receiver gave its verifier a parsed object. Mount the webhook route before `express.json()` (or whichever " +
      'parser runs) and read the bytes there, as with `express.raw({ type: "application/json" })`.',
  ],
  [
    /No matching signature found/,
    "The receiver verified something else than the raw bytes, such as `JSON.stringify(req.body)`; or its secret is " +
      "not this endpoint's: compare it with the one on the endpoint's page.",
  ],
];

/** Faults that nobody may take. */
const FORGERIES: ReadonlySet<Fault> = new Set([
  "bad-signature",
  "tampered-body",
  "old-timestamp",
  "future-timestamp",
  "missing-header",
]);
/** Faults that a receiver does right to refuse, and the statuses of a refusal. */
const TO_BE_REFUSED: ReadonlySet<Fault> = new Set([...FORGERIES, "huge", "gzip"]);
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403, 413, 415, 422]);

/** And what the status alone says, of any other receiver. */
const BY_STATUS: Readonly<Record<number, string>> = {
  400:
    "The receiver refused the delivery. If it verifies `JSON.stringify(req.body)`, let it verify the raw bytes; and " +
    "compare its secret with this endpoint's.",
  401: "Something before the webhook route asks for a login: let the route through, the signature is its credential.",
  403: "Something before the webhook route refuses it, often CSRF protection: exempt the route.",
  404: "The server has no such route: compare the endpoint's path with the app's.",
  405: "The route does not take POST.",
  413: "The body is larger than the server takes.",
  415: "The server does not take this content type or encoding.",
  429: "The server limits the rate; the next attempt waits for at least a minute.",
};

/** Says what went wrong in an attempt, and how to mend it, in words for a person; `null` where nothing is to be done. */
export function adviceOn(attempt: AttemptRecord): string | null {
  if (hasSucceeded(attempt)) return adviceOnSuccess(attempt);
  const { error, statusCode, url, fault } = attempt;
  if (error?.code === "timeout")
    return "The reply took too long. Reply first, and do the work afterwards: that is the default of these receivers.";
  if (error?.code === "cut") return null;
  if (error || statusCode === null) return adviceOnConnection(error?.message ?? "", url);
  if (statusCode >= 300 && statusCode < 400) {
    const location = attempt.responseHeaders["location"];
    return `Redirects are not followed. Point the endpoint at the place itself${location ? `: ${location}` : "."}`;
  }
  if (fault !== null && TO_BE_REFUSED.has(fault) && REFUSALS.has(statusCode)) {
    return `Rightly refused: it had the fault \`${fault}\`. Resent by hand, the message goes as it should be.`;
  }
  const code = errorCodeOf(attempt.responseBody);
  return (
    (code === undefined ? undefined : BY_CODE[code]) ??
    BY_WORDS.find(([said]) => said.test(attempt.responseBody))?.[1] ??
    BY_STATUS[statusCode] ??
    (statusCode >= 500 ? "The server failed: its log says why." : "Only a 2xx is a success.")
  );
}

/** A success that should not have been one. Test URLs take everything, to show it. */
function adviceOnSuccess({ fault, responseHeaders }: AttemptRecord): string | null {
  if (fault === null || !FORGERIES.has(fault) || responseHeaders["server"] === TEST_URL_SERVER) return null;
  return (
    `Taken, though it had the fault \`${fault}\`. Verify the signature and the timestamp before anything is done with ` +
    "a delivery: else whoever reaches the receiver can send it events."
  );
}

function adviceOnConnection(message: string, url: string): string {
  const { host, hostname } = new URL(url);
  if (message.includes("ECONNREFUSED"))
    return `Nothing listens at ${host}. Is the app running, and on this port?`;
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) return `The name ${hostname} has no address. Is it spelt right?`;
  if (/certificate|self-signed|SSL|TLS/i.test(message)) {
    return "The TLS connection failed. For an app on this machine, use its `http:` address.";
  }
  if (/ECONNRESET|socket hang up/.test(message)) {
    return "The server ended the connection without a reply. Did it crash, or speak https where the URL says http?";
  }
  return "The server could not be reached.";
}

/** The code of `{"error":"<code>"}`, the way a receiver of this project refuses. */
function errorCodeOf(body: string): string | undefined {
  const code = /^\{"error":"([a-z_]+)"\}$/.exec(body)?.[1];
  return code !== undefined && Object.hasOwn(BY_CODE, code) ? code : undefined;
}
