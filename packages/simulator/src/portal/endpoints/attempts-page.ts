import { type Child, jsx as h } from "hono/jsx";
import { MASK, maskSecret } from "../../lib/http/mask.ts";
import type { Attempt, Endpoint, Message } from "../../lib/types.ts";
import { MAX_ATTEMPTS, attemptNumber } from "../parts/attempt-number.ts";
import { attemptBadge } from "../parts/badge.ts";
import { formatDuration } from "../parts/format.ts";
import type { Page } from "../parts/layout.ts";
import {
  callout,
  copyable,
  countdown,
  emptyState,
  facts,
  moment,
  prose,
  stackedLabel,
} from "../parts/text.ts";
import { endpointPage } from "./frame.ts";
import { eventTypesText } from "./list-page.ts";

/** The attempts at one endpoint, newest first, and its signing secret. */
export function attemptsPage(
  endpoint: Endpoint,
  messages: readonly Message[],
  { now, isSecretShown }: { now: Date; isSecretShown: boolean },
): Page {
  const rows = messages
    .flatMap((message) =>
      message.attempts
        .filter(({ endpointId }) => endpointId === endpoint.id)
        .map((attempt) => ({ message, attempt })),
    )
    .toSorted((left, right) => right.attempt.at.getTime() - left.attempt.at.getTime());
  const [last] = rows;
  return endpointPage(endpoint, "", [
    last &&
      (!last.attempt.succeeded || last.attempt.advice !== null) &&
      callout(
        "bad",
        last.attempt.succeeded ? "The last attempt should have been refused" : "The last attempt failed",
        last.attempt.advice !== null && h("p", {}, prose(last.attempt.advice)),
        h("p", {}, h("a", { href: `/messages/${last.message.id}` }, "Look at it")),
      ),
    h(
      "div",
      { class: "columns" },
      h(
        "section",
        { class: "card", "aria-labelledby": "attempts" },
        h("h2", { id: "attempts" }, "Attempts"),
        rows.length === 0
          ? emptyState(
              "No attempts yet",
              "Send a test event, and see here how your app answers it.",
              h("a", { class: "button", href: `/endpoints/${endpoint.id}/testing` }, "Send a test event"),
            )
          : attemptTable(rows, endpoint, now),
      ),
      h("div", { class: "stack" }, secretCard(endpoint, now, isSecretShown), detailsCard(endpoint, now)),
    ),
  ]);
}

function attemptTable(
  rows: readonly { message: Message; attempt: Attempt }[],
  endpoint: Endpoint,
  now: Date,
): Child {
  return h(
    "table",
    { class: "rows" },
    h("caption", { class: "unseen" }, "Attempts, newest first"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col", class: "col-status" }, "Reply"),
        h("th", { scope: "col", class: "col-event" }, "Event"),
        h("th", { scope: "col", class: "col-number" }, "Attempt"),
        h("th", { scope: "col" }, "Duration"),
        h("th", { scope: "col", class: "col-next-try" }, "Next try"),
        h("th", { scope: "col", class: "col-sent" }, "At"),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map(({ message, attempt }) => {
        const own = message.attempts.filter(({ endpointId }) => endpointId === endpoint.id);
        const next = message.destinations.find(({ endpointId }) => endpointId === endpoint.id)?.nextAttemptAt;
        return h(
          "tr",
          { id: attempt.id, "data-announce": `${message.eventType}: ${attempt.statusCode ?? "no reply"}` },
          h("td", { class: "col-status" }, attemptBadge(attempt)),
          h(
            "td",
            { class: "col-event" },
            h("a", { class: "row-link", href: `/messages/${message.id}#${attempt.id}` }, message.eventType),
          ),
          h(
            "td",
            { class: "col-number" },
            attempt.trigger === "manual"
              ? "By hand"
              : [stackedLabel("Attempt"), `${attemptNumber(attempt, own)} of ${MAX_ATTEMPTS}`],
          ),
          h("td", {}, formatDuration(attempt.durationInMs)),
          h(
            "td",
            { class: "col-next-try" },
            attempt === own.at(-1) && next
              ? [stackedLabel("Next try"), countdown(next, now)]
              : h("span", { class: "none" }, "–"),
          ),
          h("td", { class: "col-sent" }, moment(attempt.at, now)),
        );
      }),
    ),
  );
}

function secretCard(endpoint: Endpoint, now: Date, isShown: boolean): Child {
  const { id, signingSecret, previousSecrets } = endpoint;
  return h(
    "section",
    { class: "card", id: "secret", "aria-labelledby": "secret-title" },
    h("h2", { id: "secret-title" }, "Signing secret"),
    isShown
      ? [
          h("p", {}, copyable("signing-secret", signingSecret, "the signing secret")),
          h("p", { class: "hint" }, "In the shell that starts your app:"),
          h(
            "p",
            {},
            copyable("signing-secret-env", `export DIFFIO_WEBHOOK_SECRET='${signingSecret}'`, "the command"),
          ),
        ]
      : h("p", {}, h("code", {}, maskSecret(signingSecret))),
    h(
      "p",
      { class: "actions" },
      isShown
        ? h("a", { class: "button is-small", href: `/endpoints/${id}#secret` }, "Hide")
        : h("a", { class: "button is-small", href: `/endpoints/${id}?reveal=secret#secret` }, "Show"),
      h("a", { class: "button is-small", href: `/endpoints/${id}/options#rotate` }, "Rotate …"),
    ),
    previousSecrets.map(({ signingSecret: old, expiresAt }, index) =>
      h(
        "p",
        { class: "hint" },
        "An older one signs too, and ends ",
        countdown(expiresAt, now),
        ": ",
        isShown ? copyable(`old-secret-${index}`, old, "the older secret") : h("code", {}, MASK),
      ),
    ),
  );
}

function detailsCard(endpoint: Endpoint, now: Date): Child {
  const { id, modes, headers, createdAt } = endpoint;
  return h(
    "section",
    { class: "card", "aria-labelledby": "details" },
    h("h2", { id: "details" }, "Details"),
    facts(
      ["Id", copyable("endpoint-id", id, "the id")],
      ["Events", eventTypesText(endpoint)],
      ["Modes", modes.join(", ")],
      ["Headers", Object.keys(headers).join(", ") || "None of its own"],
      ["Added", moment(createdAt, now)],
    ),
    h(
      "p",
      { class: "actions" },
      h("a", { class: "button is-small", href: `/endpoints/${id}/options` }, "Change"),
    ),
  );
}
