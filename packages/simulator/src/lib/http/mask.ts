import type { ApiKey, Attempt, Endpoint, Message } from "../types.ts";

/** In place of a secret. */
export const MASK = "••••••••";
/** Names of headers that customers put credentials into. */
const CREDENTIAL = /auth|token|secret|key|cookie|password/i;

/** Without its secrets: the signing secrets, and the values of all custom headers that may hold credentials. */
export function maskEndpoint(endpoint: Endpoint): Endpoint {
  return {
    ...endpoint,
    headers: maskHeaders(endpoint.headers),
    signingSecret: maskSecret(endpoint.signingSecret),
    previousSecrets: endpoint.previousSecrets.map((one) => {
      return { ...one, signingSecret: maskSecret(one.signingSecret) };
    }),
  };
}

export function maskApiKey(apiKey: ApiKey): ApiKey {
  return { ...apiKey, token: MASK };
}

export function maskAttempt(attempt: Attempt): Attempt {
  return { ...attempt, requestHeaders: maskHeaders(attempt.requestHeaders) };
}

export function maskMessage(message: Message): Message {
  return { ...message, attempts: message.attempts.map(maskAttempt) };
}

/** Its kind can be seen, and nothing of itself. */
export function maskSecret(signingSecret: string): string {
  return signingSecret.startsWith("whsec_") ? `whsec_${MASK}` : MASK;
}

/** With the values masked that may be credentials, by the names of their headers. */
export function maskHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, CREDENTIAL.test(name) ? MASK : value]),
  );
}
