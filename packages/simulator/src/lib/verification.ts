import { type FindingCode, diagnose } from "@diffio-webhooks/core/diagnose";
import type { EndpointRecord, TestUrlRecord } from "./records.ts";
import type { Arrival } from "./test-urls.ts";

/** One thing that was found out about a delivery to a test URL, in words for a person. */
export interface Finding {
  /** Those of core's `diagnose`, and two of what only a test URL can know. */
  readonly code: FindingCode | "body_incomplete" | "no_secret";
  readonly message: string;
  readonly hint: string;
}

/** Whether a delivery that arrived at a test URL verifies; and if not, why. */
export interface Verification {
  readonly verified: boolean;
  /** At least one where it is not verified. */
  readonly findings: readonly Finding[];
}

const INCOMPLETE: Finding = {
  code: "body_incomplete",
  message: "The connection ended before the body was whole.",
  hint: "The sender went away, or its timeout was over: a whole delivery follows at its next attempt.",
};

const NO_SECRET: Finding = {
  code: "no_secret",
  message: "There is no secret to verify it with.",
  hint: "Add an endpoint that points to this test URL, or make the test URL with the secret of another sender.",
};

/**
 * Verifies a delivery to a test URL, at the time of its arrival: with the URL's own secret, or with those of the
 * endpoints that point to it. The secrets of all other endpoints are tried to tell whose it is.
 *
 * @param now the simulated clock's time, by which rotated secrets expire
 */
export function verifyArrival(
  { headers, body, isIncomplete }: Arrival,
  { signingSecret }: Pick<TestUrlRecord, "signingSecret">,
  { pointing, others }: Readonly<Record<"pointing" | "others", readonly EndpointRecord[]>>,
  now: number,
): Verification {
  if (isIncomplete) return { verified: false, findings: [INCOMPLETE] };
  const secrets =
    signingSecret === null ? pointing.flatMap((one) => validSecrets(one, now)) : [signingSecret];
  if (secrets.length === 0) return { verified: false, findings: [NO_SECRET] };
  return diagnose({
    headers: groupHeaders(headers),
    body,
    signingSecret: secrets,
    otherSecrets: Object.fromEntries(others.map((one) => [`${one.id} (${one.url})`, validSecrets(one, now)])),
  });
}

function validSecrets({ secrets }: EndpointRecord, now: number): string[] {
  return secrets.flatMap((one) => (one.expiresAt === null || one.expiresAt > now ? [one.signingSecret] : []));
}

/** Node's way of having them: repeated ones are an array. */
function groupHeaders(headers: Arrival["headers"]): Record<string, readonly string[]> {
  const grouped: Record<string, string[]> = {};
  for (const [name, value] of headers) (grouped[name.toLowerCase()] ??= []).push(value);
  return grouped;
}
