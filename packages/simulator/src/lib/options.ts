import {
  createVerifier,
  GENERATION_EVENT_TYPES,
  type GenerationEventType,
  isGenerationEventType,
} from "@diffio-webhooks/core";
import { invalidOption } from "./errors.ts";
import type { Mode } from "./types.ts";

const MODES: readonly Mode[] = ["test", "live"];

/** Checks a number and gives its default where it is absent. */
export function checkNumber(
  name: string,
  value: unknown,
  {
    default: byDefault,
    min = 0,
    max,
    integer = false,
  }: { default: number; min?: number; max: number; integer?: boolean },
): number {
  if (value === undefined) return byDefault;
  const isInRange = typeof value === "number" && value >= min && value <= max;
  if (isInRange && (!integer || Number.isInteger(value))) return value;
  throw invalidOption(
    `${name} is ${typeof value === "number" ? value : `of type ${typeof value}`}.`,
    `Give a ${integer ? "whole " : ""}number from ${min} to ${max}, or leave it out for ${byDefault}.`,
  );
}

/** Checks a list of event types; none for all. */
export function checkEventTypes(value: unknown): readonly GenerationEventType[] {
  if (value === undefined) return [];
  if (!Array.isArray(value))
    throw invalidOption("eventTypes is no array.", "Give a list, or leave it out for all.");
  for (const type of value as readonly unknown[]) {
    if (typeof type === "string" && isGenerationEventType(type)) continue;
    throw invalidOption(
      `${JSON.stringify(type)} is not an event type.`,
      `The types are ${GENERATION_EVENT_TYPES.join(", ")}.`,
    );
  }
  return [...new Set(value as readonly GenerationEventType[])];
}

/** Checks a secret. Core knows what is wrong with one, and says it: `WebhookError` `invalid_secret`. */
export function checkSigningSecret(signingSecret: unknown): void {
  // As a list: what is no string must not be taken for the other things that a verifier takes.
  createVerifier({ signingSecret: [signingSecret as string] });
}

/** Checks a mode. */
export function checkMode(value: unknown): Mode {
  if (value === "test" || value === "live") return value;
  throw invalidOption(`${JSON.stringify(value)} is not a mode.`, 'The modes are "test" and "live".');
}

/** Checks a list of modes; both by default. */
export function checkModes(value: unknown): readonly Mode[] {
  if (value === undefined) return MODES;
  if (!Array.isArray(value) || value.length === 0)
    throw invalidOption("modes is no list of modes.", 'Give ["test"], ["live"], or leave it out for both.');
  return [...new Set(value.map(checkMode))];
}

/** Checks a moment; gives milliseconds since the epoch. */
export function checkDate(name: string, value: unknown): number {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime();
  throw invalidOption(`${name} is no time.`, `Give ${name} as a valid Date.`);
}

/** Checks that options are an object, so that reading one of them cannot fail. */
export function checkObject(what: string, value: unknown): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return;
  throw invalidOption(`${what} is no object.`, `Give an object of options.`);
}
