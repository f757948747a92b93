import { toBytes } from "../verify/bytes.ts";
import { type BodyVariant, bodyVariants } from "./body-variants.ts";
import { explainMismatch, findBodyFaults } from "./diagnose-body.ts";
import { diagnoseHeaders, diagnoseTimestamp } from "./diagnose-headers.ts";
import { type CandidateKey, diagnoseSecrets, keysOfOthers } from "./diagnose-secrets.ts";
import { type SentSignature, diagnoseSignatures } from "./diagnose-signatures.ts";
import { WebhookError } from "../errors.ts";
import type { Finding } from "./finding.ts";
import { type HeaderValue, type HeadersInput, readHeaders } from "../verify/headers.ts";
import { checkNow, checkTolerance } from "../options.ts";
import type { SigningSecrets } from "../verify/keys.ts";
import { type SignedDelivery, createVerifier } from "../verify/verifier.ts";

/** Options of {@link diagnose}. */
export interface DiagnoseOptions {
  /** A plain object (names in any case, values may be arrays), a `Headers`, or a function from name to value. */
  headers: HeadersInput;
  /** The body as the receiver saw it: bytes, a string, or, if that is the problem, a parsed object or nothing. */
  body: unknown;
  /** The secret, or secrets, that the delivery should verify with; right or wrong. */
  signingSecret: SigningSecrets;
  /** As in the verifier. Default 300. */
  toleranceInSeconds?: number | undefined;
  /** The clock at the delivery's arrival, in milliseconds since the epoch. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** The secrets of other endpoints, by name: one of them may have signed the delivery. */
  otherSecrets?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** What {@link diagnose} found. */
export interface Diagnosis {
  /** Whether `createVerifier` takes the delivery. */
  readonly verified: boolean;
  /** At least one where it is not verified. A verified delivery may have some too: a receiver refuses compressed ones. */
  readonly findings: readonly Finding[];
}

/** What there is to try. */
interface Evidence {
  readonly prefix: readonly string[];
  readonly bytes: Uint8Array | undefined;
  readonly keys: readonly CandidateKey[];
  readonly signatures: readonly SentSignature[];
  readonly signatureHeader: string;
}

/** What matched at last. */
interface Match {
  readonly key: CandidateKey;
  readonly body: BodyVariant;
  /** Absent where it is an asymmetric one. */
  readonly signature?: SentSignature;
}

/**
 * Finds out why a delivery does not verify, by trying what usually goes wrong: another secret, a body that was changed
 * on its way, a clock that is off.
 *
 * For people only. Never answer a delivery with its findings: they would tell a forger what to fix.
 *
 * @throws WebhookError `invalid_option`, for options that are not about the delivery
 */
export function diagnose(options: DiagnoseOptions): Diagnosis {
  const { body, signingSecret, otherSecrets = {} } = options;
  const toleranceInSeconds = checkTolerance(options.toleranceInSeconds);
  const nowInMs = checkNow(options.now)();
  const headers = readHeaders(options.headers);

  const verified = verifies(options, nowInMs);
  const bytes = bytesOf(body);
  const bodyFindings = findBodyFaults(body, bytes, encodingOf(headers.contentEncoding));
  if (verified) return { verified, findings: bodyFindings };

  const { findings: headerFindings, messageId, timestamp, signature } = diagnoseHeaders(headers);
  const secrets = diagnoseSecrets(signingSecret);
  const isSymmetric = secrets.keys.every(({ key }) => key.isSymmetric);
  const sent = signature === undefined ? { signatures: [] } : diagnoseSignatures(signature, isSymmetric);
  const known = messageId !== undefined && timestamp !== undefined;
  const match =
    known &&
    findMatch({
      prefix: [messageId, ".", timestamp, "."],
      bytes: bytes ?? bytesOf(writtenAgain(body)),
      keys: [...secrets.keys, ...keysOfOthers(otherSecrets)],
      signatures: sent.signatures,
      signatureHeader: signature ?? "",
    });
  const findings = [
    ...headerFindings,
    timestamp !== undefined && diagnoseTimestamp(timestamp, nowInMs, toleranceInSeconds, Boolean(match)),
    ...secrets.findings.map((finding) =>
      match && finding === match.key.finding ? mended(finding) : finding,
    ),
    match && !secrets.keys.includes(match.key) && match.key.finding,
    match ? match.signature?.finding : (sent.finding ?? sent.signatures[0]?.finding),
    ...bodyFindings,
    match && match.body.finding,
  ];
  const isMismatch =
    known && !match && secrets.keys.length > 0 && (sent.signatures.length > 0 || !isSymmetric);
  if (isMismatch && bytes && bodyFindings.length === 0) findings.push(explainMismatch(bytes));
  return { verified, findings: findings.filter((finding) => typeof finding === "object") };
}

/** The strict answer, by the strict code. */
function verifies(
  { headers, body, signingSecret, toleranceInSeconds }: DiagnoseOptions,
  nowInMs: number,
): boolean {
  try {
    const verifier = createVerifier({ signingSecret, toleranceInSeconds, now: () => nowInMs });
    verifier.verify({ headers, body } as SignedDelivery);
    return true;
  } catch (error) {
    if (error instanceof WebhookError) return false;
    throw error;
  }
}

/** The simplest explanation first: the body as it is, by each key; then each thing that may have changed it. */
function findMatch({ prefix, bytes, keys, signatures, signatureHeader }: Evidence): Match | undefined {
  if (!bytes) return undefined;
  for (const body of bodyVariants(bytes)) {
    for (const candidate of keys) {
      if (!candidate.key.isSymmetric) {
        if (candidate.key.hasSigned({ prefix, signatures: [], signatureHeader }, body.bytes)) {
          return { key: candidate, body };
        }
        continue;
      }
      const signature = signatures.find((one) =>
        candidate.key.hasSigned({ prefix, signatures: [one.signature], signatureHeader }, body.bytes),
      );
      if (signature) return { key: candidate, body, signature };
    }
  }
  return undefined;
}

function mended(finding: Finding): Finding {
  return { ...finding, hint: `${finding.hint} With that fixed, it is the right one.` };
}

function bytesOf(body: unknown): Uint8Array | undefined {
  try {
    return toBytes(body);
  } catch {
    return undefined;
  }
}

function writtenAgain(parsed: unknown): string | undefined {
  try {
    return JSON.stringify(parsed);
  } catch {
    return undefined;
  }
}

function encodingOf(value: HeaderValue): string | undefined {
  const encoding = [value ?? []].flat().join(", ");
  return encoding === "" || encoding.toLowerCase() === "identity" ? undefined : encoding;
}
