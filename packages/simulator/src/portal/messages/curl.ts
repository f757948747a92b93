import { signMessage } from "@diffio-webhooks/core/testing";
import type { Endpoint, Message } from "../../lib/types.ts";

/**
 * The message as a command for a shell: signed now, with the endpoint's own secret, so that a receiver takes it for
 * the next five minutes.
 */
export function toCurl(message: Message, endpoint: Endpoint): string {
  const { headers } = signMessage({
    signingSecret: endpoint.signingSecret,
    id: message.id,
    body: message.body,
  });
  const all = { ...endpoint.headers, "content-type": "application/json", ...headers };
  return [
    `curl -i ${quote(endpoint.url)}`,
    ...Object.entries(all).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    `--data-binary ${quote(message.body)}`,
  ].join(" \\\n  ");
}

/** For a POSIX shell: between single quotes nothing has a meaning but the single quote. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
