import { InvalidArgumentError } from "@commander-js/extra-typings";
import { GENERATION_EVENT_TYPES, isGenerationEventType } from "@diffio-webhooks/core";

/** A mistake has at most so many letters that are wrong, missing or too many. */
const MAX_MISTAKES = 3;

/**
 * Reads an event type: a documented one, or one of the future that is not just a misspelling.
 *
 * @throws InvalidArgumentError that names the right one
 */
export function readEventType(text: string): string {
  if (isGenerationEventType(text)) return text;
  const meant = GENERATION_EVENT_TYPES.find((type) =>
    [text, `generation.${text}`].some((spelling) => editDistance(spelling, type) <= MAX_MISTAKES),
  );
  if (meant) throw new InvalidArgumentError(`Did you mean ${meant}?`);
  if (text.startsWith("generation.")) return text;
  throw new InvalidArgumentError(`The types are ${GENERATION_EVENT_TYPES.join(", ")}.`);
}

/** Levenshtein's: letters to change, add or remove. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 1; at <= one.length; at++) {
    const next = [at];
    for (let to = 1; to <= other.length; to++) {
      const changed = (row[to - 1] ?? 0) + Number(one[at - 1] !== other[to - 1]);
      next.push(Math.min(changed, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
