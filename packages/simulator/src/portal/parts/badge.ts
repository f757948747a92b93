import { type Child, jsx as h } from "hono/jsx";
import type { Attempt, Destination, DestinationState, Endpoint, Message } from "../../lib/types.ts";
import { formatStatus } from "./format.ts";
import { type IconName, icon } from "./icon.ts";

/** How something stands. Each has an icon and a word of its own, so that none is told by colour alone. */
export type Tone = "good" | "bad" | "waiting" | "off";

const ICONS: Readonly<Record<Tone, IconName>> = {
  good: "check",
  bad: "cross",
  waiting: "clock",
  off: "pause",
};

/** A state, as an icon and a word. */
export function badge(tone: Tone, text: string): Child {
  return h("span", { class: `badge is-${tone}` }, icon(ICONS[tone]), text);
}

/** How a message stands, over all of its destinations. */
export function messageState({ destinations, attempts }: Message): readonly [Tone, string] {
  if (destinations.length === 0 && attempts.length === 0) return ["off", "No endpoint"];
  if (destinations.some(({ state }) => state === "failed")) return ["bad", "Failed"];
  if (destinations.some(({ state }) => state === "pending"))
    return ["waiting", attempts.length === 0 ? "Sending" : "Retrying"];
  return ["good", "Succeeded"];
}

/** How a message stands with one endpoint. */
export function destinationBadge({ state }: Pick<Destination, "state">, attemptsMade: number): Child {
  const states: Readonly<Record<DestinationState, readonly [Tone, string]>> = {
    pending: ["waiting", attemptsMade === 0 ? "Sending" : "Retrying"],
    succeeded: ["good", "Succeeded"],
    failed: ["bad", "Failed"],
  };
  return badge(...states[state]);
}

/** How an endpoint stands. */
export function endpointBadge({ disabled, disabledBecause, failingSince }: Endpoint): Child {
  if (disabled) return badge("off", disabledBecause === "failing" ? "Disabled after failures" : "Disabled");
  return failingSince ? badge("bad", "Failing") : badge("good", "Active");
}

/** What an attempt came to: its status, or why there is none. */
export function outcomeOf({ statusCode, error }: Pick<Attempt, "statusCode" | "error">): string {
  if (error?.code === "timeout") return "Timeout";
  if (error?.code === "cut") return "Cut (the fault)";
  if (error || statusCode === null) return "No reply";
  return formatStatus(statusCode);
}

/** An attempt's outcome as a badge. */
export function attemptBadge(attempt: Attempt): Child {
  return badge(attempt.succeeded ? "good" : "bad", outcomeOf(attempt));
}

/** A message's attempts as a row of small marks, oldest first, and the planned one; said in words as well. */
export function attemptMarks(attempts: readonly Attempt[], isPlanned: boolean): Child {
  if (attempts.length === 0 && !isPlanned) return h("span", { class: "quiet" }, "None");
  const words = attempts.map((attempt) => outcomeOf(attempt));
  if (isPlanned) words.push("one planned");
  return h(
    "span",
    { class: "marks" },
    attempts
      .slice(-12)
      .map(({ succeeded }) =>
        h("span", { class: `mark ${succeeded ? "is-good" : "is-bad"}` }, icon(succeeded ? "check" : "cross")),
      ),
    isPlanned && h("span", { class: "mark is-planned" }),
    h("span", { class: "unseen" }, words.join(", ")),
  );
}
