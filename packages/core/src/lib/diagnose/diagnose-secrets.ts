import { WebhookError } from "../errors.ts";
import type { Finding, FindingCode } from "./finding.ts";
import { printable } from "../printable.ts";
import {
  type SigningKey,
  type SigningSecrets,
  importSigningSecret,
  isAsymmetricKey,
} from "../verify/keys.ts";
import { decodeSigningSecret } from "../verify/secret.ts";

/** A key that may have signed the delivery, and what it means if it has. */
export interface CandidateKey {
  readonly key: SigningKey;
  /** Absent for a secret as it should be. */
  readonly finding?: Finding;
}

/** The keys of all secrets that can be made out, and what is wrong with those passed as the endpoint's. */
export interface SecretDiagnosis {
  readonly keys: readonly CandidateKey[];
  readonly findings: readonly Finding[];
}

/** Reads the endpoint's secrets, fixing what can be fixed in order to try it. */
export function diagnoseSecrets(secrets: SigningSecrets): SecretDiagnosis {
  const keys: CandidateKey[] = [];
  const findings: Finding[] = [];
  for (const { subject, secret } of listSecrets(secrets)) {
    try {
      keys.push({ key: importSigningSecret(secret) });
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      const finding = findSecretFault(subject, secret, error);
      findings.push(finding);
      // Another kind of key would only decode to bytes that mean nothing.
      const mended = finding.code === "secret_wrong_prefix" ? undefined : mendSecret(secret);
      if (mended) keys.push({ key: importSigningSecret(mended), finding });
    }
  }
  if (keys.length === 0 && findings.length === 0) {
    findings.push({
      code: "secret_missing",
      message: "There is no signing secret.",
      hint: "Copy the endpoint's signing secret from the webhook portal.",
    });
  }
  return { keys, findings };
}

/** The keys of other endpoints, by name. Values that are not secrets are skipped: they are not what is being checked. */
export function keysOfOthers(
  secrets: Readonly<Record<string, string | readonly string[]>>,
): readonly CandidateKey[] {
  return Object.entries(secrets).flatMap(([name, named]) =>
    [named].flat().flatMap((secret) => {
      const fixed = isAsymmetricKey(secret) ? secret : mendSecret(secret);
      if (!fixed) return [];
      const finding: Finding = {
        code: "secret_of_other_endpoint",
        message: `The delivery was signed with the secret of another endpoint: ${nameOf(name)}.`,
        hint: "Each endpoint has its own secret. Use that one here, or send this endpoint's deliveries to its own URL.",
      };
      return [{ key: importSigningSecret(fixed), finding }];
    }),
  );
}

function findSecretFault(subject: string, secret: unknown, { message, hint = "" }: WebhookError): Finding {
  const found = (code: FindingCode, words = message, advice = hint): Finding => ({
    code,
    message: words.replace("The signing secret", subject),
    hint: advice,
  });
  if (typeof secret !== "string" || secret.trim() === "") return found("secret_missing");
  if (/\s/.test(secret))
    return found("secret_whitespace", "The signing secret has whitespace in or around it.");
  if (/["'`]/.test(secret)) {
    return found(
      "secret_quoted",
      "The signing secret has quotation marks in or around it.",
      "Remove the quotation marks: a copied line of a shell script or a .env file often has some.",
    );
  }
  if (/^wh[ps]k\d*_/.test(secret)) return found("secret_wrong_prefix", `${subject} is an asymmetric key.`);
  if (/^whsec_/i.test(secret) && !secret.startsWith("whsec_")) {
    return found(
      "secret_wrong_prefix",
      "The signing secret has a prefix in capitals.",
      "It reads whsec_, in lower case: copy it from the webhook portal again.",
    );
  }
  if (!secret.includes("whsec_") && /^[a-z]+_/.test(secret)) {
    return found(
      "secret_wrong_prefix",
      "The signing secret does not begin with whsec_, but as another kind of key does.",
      "An API key is not a signing secret: copy that of the endpoint from the webhook portal. It reads whsec_ and base64.",
    );
  }
  return found("secret_malformed");
}

/** The key that was probably meant: without whitespace, quotation marks and what stands before it, in plain base64. */
function mendSecret(secret: unknown): string | undefined {
  if (typeof secret !== "string") return undefined;
  const bare = secret
    .replaceAll(/[\s"'`]/g, "")
    .replace(/^.*whsec_/, "")
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .replace(/=+$/, "");
  try {
    const encoded = btoa(atob(bare));
    decodeSigningSecret(encoded);
    return encoded;
  } catch {
    return undefined;
  }
}

/** A name as it may be shown: someone may have put the secret where its name belongs. */
function nameOf(name: string): string {
  return mendSecret(name) === undefined ? printable(name) : "(a secret stands where its name belongs)";
}

function listSecrets(secrets: unknown): readonly { subject: string; secret: unknown }[] {
  if (typeof secrets !== "object" || secrets === null || isAsymmetricKey(secrets))
    return [{ subject: "The signing secret", secret: secrets }];
  if (Array.isArray(secrets)) {
    return secrets.map((secret: unknown, index) => ({
      subject: `Signing secret ${index + 1} of ${secrets.length}`,
      secret,
    }));
  }
  return Object.entries(secrets).flatMap(([name, named]: [string, unknown]) =>
    // An empty list is a secret that is missing.
    (Array.isArray(named) && named.length > 0 ? named : [named]).map((secret: unknown) => ({
      subject: `The signing secret "${nameOf(name)}"`,
      secret,
    })),
  );
}
