import { signingSecretFromEnv } from "@diffio-webhooks/core";
import { usageError } from "./exit.ts";

/** What the help of every command that takes a secret says. */
export const SECRET_NOTE: string =
  "The secret is taken from DIFFIO_WEBHOOK_SECRET unless --secret is given. Prefer the environment: others on this\n" +
  "machine can see a command line.";

/** The flags of the option, and its words. */
export const SECRET_FLAGS = "-s, --secret <secret>";

/** The secrets that were given, or that of the environment. */
export function secretsFrom(given: readonly string[] | undefined): readonly string[] {
  const secrets = findSecrets(given);
  if (secrets) return secrets;
  throw usageError(
    "There is no signing secret.",
    "Set DIFFIO_WEBHOOK_SECRET, or give --secret whsec_…: the webhook portal shows it on the page of the endpoint.",
  );
}

/** The same for commands that can do without. */
export function findSecrets(given: readonly string[] | undefined): readonly string[] | undefined {
  const fromEnv = signingSecretFromEnv();
  return given ?? (fromEnv === undefined ? undefined : [fromEnv]);
}
