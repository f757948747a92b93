import { WebhookError, createVerifier } from "@diffio-webhooks/core";
import type { Arrival } from "./test-urls.ts";

/** One thing that was found out about a delivery, in words for a person. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** Whether a delivery that arrived at a test URL verifies; and if not, why. */
export interface Verification {
  readonly verified: boolean;
  readonly findings: readonly Finding[];
}

const INCOMPLETE: Verification = {
  verified: false,
  findings: [
    {
      code: "body_incomplete",
      message: "The connection ended before the body was whole.",
      hint: "The sender went away, or its timeout was over: a whole delivery follows at its next attempt.",
    },
  ],
};

const NO_SECRET: Verification = {
  verified: false,
  findings: [
    {
      code: "no_secret",
      message: "There is no secret to verify it with.",
      hint: "Add an endpoint that points to this test URL, or make the test URL with the secret of another sender.",
    },
  ],
};

/** Verifies a delivery with the secrets that may have signed it, at the time of its arrival. */
export function verifyDelivery(
  headers: Readonly<Record<string, readonly string[]>>,
  { body, isIncomplete }: Pick<Arrival, "body" | "isIncomplete">,
  secrets: readonly string[],
): Verification {
  if (isIncomplete) return INCOMPLETE;
  if (secrets.length === 0) return NO_SECRET;
  try {
    createVerifier({ signingSecret: secrets }).verify({ headers, body });
    return { verified: true, findings: [] };
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    const { code, message, hint } = error;
    return { verified: false, findings: [{ code, message, ...(hint !== undefined && { hint }) }] };
  }
}
