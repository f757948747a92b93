import { WebhookError } from "../errors.ts";
import type { AnyCatalog, ParsedEvent } from "../events/catalog.ts";
import type { Acceptor } from "./acceptance.ts";
import { isThenable } from "./hooks.ts";

/** Parses; where the inbox takes what is no valid event, that is no refusal. */
export function parserOf(
  { parse }: AnyCatalog,
  { takesInvalid }: Acceptor,
): (rawBody: Uint8Array) => ParsedEvent | WebhookError | Promise<ParsedEvent | WebhookError> {
  if (!takesInvalid) return parse;
  const keep = (error: unknown): WebhookError => {
    if (error instanceof WebhookError && error.code === "invalid_payload") return error;
    throw error;
  };
  return (rawBody) => {
    try {
      const parsed = parse(rawBody);
      return isThenable(parsed) ? parsed.then(undefined, keep) : parsed;
    } catch (error) {
      return keep(error);
    }
  };
}
