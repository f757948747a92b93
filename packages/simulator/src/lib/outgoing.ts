import { gzipSync } from "node:zlib";
import { signMessage } from "@diffio-webhooks/core/testing";
import type { Fault } from "./faults.ts";
import { newSigningSecret } from "./ids.ts";
import { writeJson } from "./json.ts";
import type { EndpointRecord, MessageRecord } from "./records.ts";

const USER_AGENT = "Svix-Webhooks/1.0 (diffio-webhooks simulator)";
/** Far outside of any tolerance. */
const TIMESTAMP_FAULT_SECONDS = 3600;
/** Twice what a receiver takes by default. */
const HUGE_BYTES = 2 * 1024 * 1024;

/** One HTTP request, ready to be sent. */
export interface OutgoingRequest {
  readonly url: string;
  /** Lower-case names, `content-length` included. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly pace: "at-once" | "slow" | "cut";
}

/**
 * Makes the request of one attempt: the same id and body each time, a fresh timestamp of the wall clock, and a
 * signature for every secret that is valid now, newest first.
 *
 * @param now the simulated clock's time, by which rotated secrets expire
 */
export function makeRequest(
  message: MessageRecord,
  endpoint: EndpointRecord,
  fault: Fault | null,
  now: number,
): OutgoingRequest {
  const secrets = endpoint.secrets.flatMap(({ signingSecret, expiresAt }) =>
    expiresAt === null || expiresAt > now ? [signingSecret] : [],
  );
  const signed = signMessage({
    signingSecret: fault === "bad-signature" ? newSigningSecret() : secrets,
    id: message.id,
    timestamp: Date.now() / 1000 + timestampOffset(fault),
    body: fault === "huge" ? pad(message.body) : message.body,
  });
  const { "svix-signature": signature, ...unsigned } = signed.headers;
  const body = alter(signed.body, fault);
  return {
    url: endpoint.url,
    headers: {
      ...endpoint.headers,
      "user-agent": USER_AGENT,
      "content-type": "application/json",
      "content-length": String(body.length),
      ...(fault === "gzip" && { "content-encoding": "gzip" }),
      ...unsigned,
      ...(fault !== "missing-header" && { "svix-signature": signature }),
    },
    body,
    pace: fault === "slow" || fault === "cut" ? fault : "at-once",
  };
}

function timestampOffset(fault: Fault | null): number {
  if (fault === "old-timestamp") return -TIMESTAMP_FAULT_SECONDS;
  return fault === "future-timestamp" ? TIMESTAMP_FAULT_SECONDS : 0;
}

/** What becomes of the bytes after they were signed. */
function alter(body: Uint8Array, fault: Fault | null): Uint8Array {
  if (fault === "gzip") return gzipSync(body);
  if (fault !== "tampered-body") return body;
  const event = JSON.parse(Buffer.from(body).toString()) as object;
  return Buffer.from(writeJson({ ...event, generationId: "gen_tampered" }));
}

/** Adds a field that fills it up; still an event. */
function pad(body: string): string {
  return body.replace(/ ?\}$/, `, "padding": "${"x".repeat(HUGE_BYTES)}" }`);
}
