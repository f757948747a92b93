import { type Child, jsx as h } from "hono/jsx";
import { maskHeaders } from "../../lib/http/mask.ts";
import type { Attempt } from "../../lib/types.ts";
import { advanceButton } from "../clock.ts";
import { MAX_ATTEMPTS, attemptNumber } from "../parts/attempt-number.ts";
import { attemptBadge, outcomeOf } from "../parts/badge.ts";
import { codeBlock, prettyJson, rawText } from "../parts/code.ts";
import { formatBytes, formatDuration, formatSpan } from "../parts/format.ts";
import { icon } from "../parts/icon.ts";
import { callout, countdown, headerTable, moment, prose } from "../parts/text.ts";

/** Where a timeline stands. */
export interface TimelineView {
  readonly next: Date | null;
  /** The page that it is on. */
  readonly path: string;
  readonly now: Date;
}

interface AttemptView {
  /** By the schedule, from 1. */
  readonly number: number;
  /** When the first attempt was made. */
  readonly start: Date | undefined;
  readonly isLast: boolean;
  readonly hasAdvice: boolean;
  readonly now: Date;
}

/** The attempts at one endpoint, oldest first, and the next one. */
export function timeline(attempts: readonly Attempt[], { next, path, now }: TimelineView): Child {
  if (attempts.length === 0 && !next) return h("p", { class: "quiet" }, "No attempt was made.");
  const start = attempts[0]?.at;
  const last = attempts.at(-1);
  return h(
    "ol",
    { class: "timeline" },
    attempts.map((attempt, index) =>
      attemptItem(attempt, {
        number: attemptNumber(attempt, attempts),
        start,
        isLast: attempt === last,
        // Said once for attempts that failed for the same reason, at the last of them.
        hasAdvice: attempt.advice !== attempts[index + 1]?.advice,
        now,
      }),
    ),
    next &&
      h(
        "li",
        { class: "is-planned", id: `planned-${last?.endpointId ?? ""}` },
        h("span", { class: "timeline-mark" }, icon("clock")),
        h(
          "div",
          {},
          h(
            "p",
            { class: "timeline-head" },
            h(
              "strong",
              {},
              `Attempt ${last ? attemptNumber(last, attempts) + 1 : 1} of ${MAX_ATTEMPTS}: `,
              countdown(next, now),
            ),
            h("span", { class: "sub" }, "at ", moment(next, now)),
          ),
          advanceButton(next, path, "Advance the clock to it"),
        ),
      ),
  );
}

function attemptItem(attempt: Attempt, { number, start, isLast, hasAdvice, now }: AttemptView): Child {
  const { id, at, succeeded, trigger, durationInMs, advice, error, fault } = attempt;
  const name = trigger === "manual" ? "By hand" : `Attempt ${number} of ${MAX_ATTEMPTS}`;
  const after = start ? at.getTime() - start.getTime() : 0;
  return h(
    "li",
    { class: succeeded ? "is-good" : "is-bad", id, "data-announce": `${name}: ${outcomeOf(attempt)}` },
    h("span", { class: "timeline-mark" }, icon(succeeded ? "check" : "cross")),
    h(
      "div",
      {},
      h(
        "p",
        { class: "timeline-head" },
        h("strong", {}, name),
        attemptBadge(attempt),
        h(
          "span",
          { class: "sub" },
          moment(at, now),
          after >= 1000 && ` (+ ${formatSpan(after)})`,
          `, took ${formatDuration(durationInMs)}`,
          fault !== null && `, fault: ${fault}`,
        ),
      ),
      error && h("p", { class: "quiet" }, error.message),
      hasAdvice && advice !== null && callout("bad", "What to do", h("p", {}, prose(advice))),
      // The last failure is what one looks at; the others can be opened.
      h(
        "details",
        { class: "more", id: `exchange-${id}`, open: isLast && !succeeded },
        h("summary", {}, "Request and reply", h("span", { class: "unseen" }, ` of ${name.toLowerCase()}`)),
        exchange(attempt),
      ),
    ),
  );
}

function exchange(attempt: Attempt): Child {
  const { statusCode, requestHeaders, requestBytes, responseHeaders, responseBody, responseBodyIsCut } =
    attempt;
  return [
    statusCode !== null && [
      responseBody === ""
        ? h("p", { class: "quiet" }, "The reply has no body.")
        : codeBlock("Body of the reply", prettyJson(responseBody) ?? rawText(responseBody)),
      responseBodyIsCut && h("p", { class: "hint" }, "The reply had more; 20,000 bytes of it are kept."),
      headerTable("Headers of the reply", Object.entries(responseHeaders)),
    ],
    headerTable(
      `Headers of the request, with a body of ${formatBytes(requestBytes)}`,
      Object.entries(maskHeaders(requestHeaders)),
    ),
  ];
}
