import { WebhookError } from "../errors.ts";
import { printable } from "../printable.ts";
import { checkNumber, invalidOption } from "../options.ts";

const MAX_ERROR_CHARACTERS = 4000;

/**
 * Checks the options of `deadLetters.list`.
 *
 * @throws WebhookError `invalid_option`
 */
export function checkPage({
  limit,
  after,
}: { limit?: number | undefined; after?: string | undefined } = {}): {
  limit: number;
  after: string | undefined;
} {
  if (after !== undefined && typeof after !== "string") {
    throw invalidOption(
      `after is of type ${typeof after}.`,
      "Pass the id of the last dead letter on the page before.",
    );
  }
  return { limit: checkNumber("limit", limit, { default: 100, min: 1, max: 1000, integer: true }), after };
}

/** The error for an `after` that is not the id of any dead letter, present or gone. */
export function unknownPage(): WebhookError {
  return invalidOption(
    "after is not the id of a dead letter of this inbox.",
    "Pass the id of the last one on the page before; it need not exist any more.",
  );
}

/** The error for an id that names no dead letter. */
export function deadLetterNotFound(id: string): WebhookError {
  return new WebhookError("dead_letter_not_found", `No dead letter has the id "${printable(id)}".`, {
    hint: "It may have been replayed or discarded meanwhile: deadLetters.list() shows the current ones.",
  });
}

/** A run's error as the text that is kept with a dead letter. */
export function errorText(error: unknown): string {
  let text: string;
  try {
    text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    text = "An error that cannot be converted to text.";
  }
  return text.slice(0, MAX_ERROR_CHARACTERS);
}
