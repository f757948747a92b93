import { WebhookError } from "../errors.ts";
import type { Finding } from "./finding.ts";
import { type HeaderValue, type ReceivedHeaders, readSignedHeaders } from "../verify/headers.ts";
import { checkTimestamp } from "../verify/timestamp.ts";
import { isMessageId } from "../verify/verifier.ts";

const FAMILIES = ["svix", "webhook"] as const;
const PARTS = ["Id", "Timestamp", "Signature"] as const;
const MILLISECONDS = /^[1-9]\d{12}$/;

/** The three values as far as they can be made out, and what is wrong with the headers that brought them. */
export interface HeaderDiagnosis {
  readonly messageId: string | undefined;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  readonly findings: readonly Finding[];
}

/** Reads id, timestamp and signature where a receiver would refuse them, too. */
export function diagnoseHeaders(headers: ReceivedHeaders): HeaderDiagnosis {
  const present = FAMILIES.filter((family) => PARTS.some((part) => isPresent(headers[`${family}${part}`])));
  const [id, timestamp, signature] = PARTS.map((part) =>
    present.map((family) => headers[`${family}${part}`]).find(isPresent),
  );
  const values = { messageId: firstOf(id), timestamp: firstOf(timestamp), signature: textOf(signature) };
  return { ...values, findings: findHeaderFaults(headers, present, values.messageId) };
}

function findHeaderFaults(
  headers: ReceivedHeaders,
  present: readonly (typeof FAMILIES)[number][],
  messageId: string | undefined,
): readonly Finding[] {
  const [family = "svix", second] = present;
  if (second) {
    return [
      {
        code: "mixed_headers",
        message: "The delivery has svix-* and webhook-* headers at once.",
        hint: "The sender uses one family only. Look for a proxy or a test that adds the other, and remove it.",
      },
    ];
  }
  const nameOf = (part: string): string => `${family}-${part.toLowerCase()}`;
  const missing = PARTS.filter((part) => !isPresent(headers[`${family}${part}`])).map(nameOf);
  if (missing.length > 0) {
    return [
      {
        code: "missing_header",
        message: `The delivery has no ${missing.join(", no ")}.`,
        hint:
          "Either this is not from the sender, or something in front of this service drops unknown headers: let all " +
          `${family}-* headers through.`,
      },
    ];
  }
  const [odd] = PARTS.filter((part) => !isText(headers[`${family}${part}`])).map(nameOf);
  if (odd) {
    return [
      {
        code: "malformed_header",
        message: `The value of ${odd} is not a string.`,
        hint: "Pass the headers as the server has them, not converted values.",
      },
    ];
  }
  if (messageId !== undefined && !isMessageId(messageId)) {
    return [
      {
        code: "malformed_header",
        message: `${family}-id has characters that ids never have, or is too long.`,
        hint: "The sender's ids read msg_ and then letters and digits: look for what changes the header on its way.",
      },
    ];
  }
  if (!hasRepetition(headers)) return [];
  return [
    {
      code: "repeated_header",
      message: `An id, timestamp or signature header (${family}-*) came more than once.`,
      hint: "A proxy may add its own copy of the header to that of the sender: let one of them through.",
    },
  ];
}

/** What is wrong with the timestamp by this clock, if anything is. */
export function diagnoseTimestamp(
  timestamp: string,
  nowInMs: number,
  toleranceInSeconds: number,
  signatureMatches: boolean,
): Finding | undefined {
  try {
    checkTimestamp(timestamp, nowInMs, toleranceInSeconds);
    return undefined;
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    if (error.code !== "invalid_timestamp") {
      const ageInSeconds = Math.floor(nowInMs / 1000) - Number(timestamp);
      return clockSkew(ageInSeconds, toleranceInSeconds, signatureMatches);
    }
    if (MILLISECONDS.test(timestamp)) {
      return {
        code: "timestamp_in_milliseconds",
        message: "The timestamp is in milliseconds; the sender's is in seconds.",
        hint: "Whatever signed this (a test?) should send Math.floor(Date.now() / 1000), and sign the same number.",
      };
    }
    return {
      code: "timestamp_malformed",
      message: "The timestamp is not a whole number of seconds since 1970.",
      hint: "The sender sends digits only: no date, no fraction, no sign, no spaces.",
    };
  }
}

function clockSkew(ageInSeconds: number, toleranceInSeconds: number, signatureMatches: boolean): Finding {
  const seconds = Math.abs(ageInSeconds);
  const message =
    ageInSeconds > 0
      ? `The delivery was signed ${seconds} s before the time of this clock; the tolerance is ${toleranceInSeconds} s.`
      : `The delivery was signed ${seconds} s after the time of this clock; the tolerance is ${toleranceInSeconds} s.`;
  const clock = `this clock is ${ageInSeconds > 0 ? "ahead" : "behind"} by about ${seconds} s: check it against NTP`;
  const hint =
    ageInSeconds > 0
      ? `Either ${clock}; or an old delivery was recorded and sent again (the sender signs each retry again).`
      : `Probably ${clock}.`;
  return { code: "clock_skew", message, hint: signatureMatches ? `The signature is right. ${hint}` : hint };
}

/** Whether the strict reader finds a header twice; the other faults that it knows have been ruled out. */
function hasRepetition(headers: ReceivedHeaders): boolean {
  try {
    return readSignedHeaders(headers).messageId.includes(",");
  } catch {
    return true;
  }
}

function isPresent(value: HeaderValue): boolean {
  return value !== undefined && value !== null;
}

function isText(value: unknown): boolean {
  return Array.isArray(value) ? value.every((one) => typeof one === "string") : typeof value === "string";
}

/** A value that never holds a comma: the first, where it was repeated. */
function firstOf(value: HeaderValue): string | undefined {
  return textOf(value)?.split(/, ?/, 1)[0];
}

function textOf(value: HeaderValue): string | undefined {
  return isPresent(value) && isText(value) ? [value].flat().join(", ") : undefined;
}
