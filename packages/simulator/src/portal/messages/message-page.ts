import { type Child, jsx as h } from "hono/jsx";
import { FAULTS } from "../../lib/faults.ts";
import type { Attempt, Endpoint, Message } from "../../lib/types.ts";
import { badge, destinationBadge, messageState } from "../parts/badge.ts";
import { codeBlock, prettyJson, rawText } from "../parts/code.ts";
import { actionForm } from "../parts/fields.ts";
import { formatBytes, plural } from "../parts/format.ts";
import { icon } from "../parts/icon.ts";
import type { Page } from "../parts/layout.ts";
import { callout, copyButton, copyable, facts, moment } from "../parts/text.ts";
import { timeline } from "./timeline.ts";

/** One message: how it went with each endpoint, and what it is. */
export function messagePage(message: Message, endpoints: readonly Endpoint[], now: Date): Page {
  const { id, eventType, destinations, attempts } = message;
  const [tone, word] = messageState(message);
  const ids = new Set([...destinations, ...attempts].map(({ endpointId }) => endpointId));
  return {
    title: `${eventType} ${id}`,
    heading: h("code", {}, eventType),
    section: "/messages",
    parent: ["/messages", "Messages"],
    actions: [
      h("span", { id: "state", "data-announce": `${eventType}: ${word}` }, badge(tone, word)),
      resendForm(id, [...ids], endpoints),
    ],
    body: h(
      "div",
      { class: "columns is-wide" },
      h(
        "div",
        { class: "stack" },
        ids.size === 0 && nobody(endpoints),
        [...ids].map((endpointId) =>
          destinationCard(message, {
            endpointId,
            endpoint: endpoints.find((one) => one.id === endpointId),
            isOneOfMany: ids.size > 1,
            now,
          }),
        ),
      ),
      h("div", { class: "stack" }, payloadCard(message), aboutCard(message, now)),
    ),
  };
}

/** To all that it went to; to the one alone, where there is one. */
function resendForm(id: string, ids: readonly string[], endpoints: readonly Endpoint[]): Child {
  const enabled = endpoints.filter(({ disabled }) => !disabled);
  const [only] = ids;
  if (ids.length === 1 && only !== undefined) {
    const canResend = enabled.some((one) => one.id === only);
    return (
      canResend &&
      actionForm(`/messages/${id}/resend`, "Resend", { style: "is-primary", fields: { endpointId: only } })
    );
  }
  return enabled.length > 0 && actionForm(`/messages/${id}/resend`, "Resend to all", { style: "is-primary" });
}

interface DestinationView {
  readonly endpointId: string;
  /** `undefined` once it is removed. */
  readonly endpoint: Endpoint | undefined;
  readonly isOneOfMany: boolean;
  readonly now: Date;
}

function nobody(endpoints: readonly Endpoint[]): Child {
  return callout(
    "info",
    "No endpoint was to get this message",
    h(
      "p",
      {},
      endpoints.length === 0
        ? "There was none. Add one, then send what it missed from its options: “Replay missing messages”."
        : "Each was disabled, or wants other event types, another mode, or the events of another API key.",
    ),
    h(
      "p",
      { class: "actions" },
      h(
        "a",
        { class: "button", href: endpoints.length === 0 ? "/endpoints/new" : "/endpoints" },
        endpoints.length === 0 ? "Add an endpoint" : "To the endpoints",
      ),
    ),
  );
}

function destinationCard(
  message: Message,
  { endpointId, endpoint, isOneOfMany, now }: DestinationView,
): Child {
  const attempts = message.attempts.filter((attempt) => attempt.endpointId === endpointId);
  const destination = message.destinations.find((one) => one.endpointId === endpointId);
  const path = `/messages/${message.id}`;
  const heading = `to-${endpointId}`;
  return h(
    "section",
    { class: "card", id: `destination-${endpointId}`, "aria-labelledby": heading },
    h(
      "div",
      { class: "card-head" },
      h(
        "h2",
        { id: heading, class: "url" },
        endpoint
          ? h("a", { href: `/endpoints/${endpointId}` }, endpoint.url)
          : (attempts.at(-1)?.url ?? endpointId),
      ),
      destination && destinationBadge(destination, attempts.length),
    ),
    timeline(attempts, { next: destination?.nextAttemptAt ?? null, path, now }),
    endpoint
      ? h(
          "div",
          { class: "actions" },
          endpoint.disabled
            ? h("p", { class: "quiet" }, "The endpoint is disabled: enable it to resend.")
            : isOneOfMany &&
                actionForm(`${path}/resend`, "Resend here", { style: "is-small", fields: { endpointId } }),
          h(
            "a",
            {
              class: "button is-small",
              href: `${path}/curl?endpointId=${encodeURIComponent(endpointId)}`,
              "data-copy-url": "",
            },
            icon("copy"),
            h("span", { class: "label" }, "Copy as cURL"),
          ),
        )
      : h("p", { class: "quiet" }, "The endpoint has been removed."),
  );
}

function payloadCard({ body, fault }: Message): Child {
  return h(
    "section",
    { class: "card", "aria-labelledby": "payload" },
    h(
      "div",
      { class: "card-head" },
      h("h2", { id: "payload" }, "Payload"),
      copyButton("raw-payload", "the raw payload"),
    ),
    codeBlock("Payload", prettyJson(body) ?? rawText(body)),
    h(
      "details",
      { class: "more", id: "raw" },
      h("summary", {}, `Raw: the ${formatBytes(Buffer.byteLength(body))} that are signed`),
      codeBlock("Raw payload", rawText(body), "raw-payload"),
    ),
    (fault === "tampered-body" || fault === "huge" || fault === "gzip") &&
      h("p", { class: "hint" }, `Scheduled attempts carry other bytes: ${FAULTS[fault]}.`),
  );
}

function aboutCard(message: Message, now: Date): Child {
  const { id, eventId, mode, fault, createdAt, attempts } = message;
  return h(
    "section",
    { class: "card", "aria-labelledby": "about" },
    h("h2", { id: "about" }, "About"),
    facts(
      ["Message id", copyable("message-id", id, "the message id")],
      ["Event id", copyable("event-id", eventId, "the event id")],
      ["Mode", mode],
      ["Fault", fault === null ? "None" : `${fault}: ${FAULTS[fault]}`],
      ["Sent", moment(createdAt, now)],
      ["Attempts", attemptsText(attempts)],
    ),
  );
}

function attemptsText(attempts: readonly Attempt[]): string {
  const byHand = attempts.filter(({ trigger }) => trigger === "manual").length;
  return `${plural(attempts.length, "attempt")}${byHand > 0 ? `, ${byHand} by hand` : ""}`;
}
