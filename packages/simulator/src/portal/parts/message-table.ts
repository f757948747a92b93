import { type Child, jsx as h } from "hono/jsx";
import type { Endpoint, Message } from "../../lib/types.ts";
import { attemptMarks, badge, messageState } from "./badge.ts";
import { countdown, moment, stackedLabel } from "./text.ts";

/** Messages, newest first. Each row leads to its message. */
export function messageTable(
  label: string,
  messages: readonly Message[],
  endpoints: readonly Endpoint[],
  now: Date,
): Child {
  return h(
    "table",
    { class: "rows" },
    h("caption", { class: "unseen" }, label),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["Status", "Event", "To", "Attempts", "Next try", "Sent"].map((name) =>
          h("th", { scope: "col", class: `col-${name.toLowerCase().replace(" ", "-")}` }, name),
        ),
      ),
    ),
    h(
      "tbody",
      {},
      messages.map((message) => messageRow(message, endpoints, now)),
    ),
  );
}

function messageRow(message: Message, endpoints: readonly Endpoint[], now: Date): Child {
  const [tone, word] = messageState(message);
  const next = nextAttemptOf(message);
  const ids = new Set(message.destinations.map(({ endpointId }) => endpointId));
  const urls = [...ids].map((id) => endpoints.find((one) => one.id === id)?.url ?? "removed endpoint");
  return h(
    "tr",
    { id: message.id, "data-announce": `${message.eventType}: ${word}` },
    h("td", { class: "col-status" }, badge(tone, word)),
    h(
      "td",
      { class: "col-event" },
      h("a", { class: "row-link", href: `/messages/${message.id}` }, message.eventType),
      h("span", { class: "sub" }, message.id),
    ),
    h(
      "td",
      { class: "col-to" },
      urls.length === 0
        ? h("span", { class: "quiet" }, "Nobody")
        : h("span", { class: "url is-short" }, urls[0]),
      urls.length > 1 && h("span", { class: "sub" }, `and ${urls.length - 1} more`),
    ),
    h("td", { class: "col-attempts" }, attemptMarks(message.attempts, next !== null)),
    h(
      "td",
      { class: "col-next-try" },
      next ? [stackedLabel("Next try"), countdown(next, now)] : h("span", { class: "none" }, "–"),
    ),
    h("td", { class: "col-sent" }, moment(message.createdAt, now)),
  );
}

/** The earliest of its planned attempts. */
export function nextAttemptOf({ destinations }: Message): Date | null {
  const times = destinations.flatMap(({ nextAttemptAt }) => (nextAttemptAt ? [nextAttemptAt.getTime()] : []));
  return times.length === 0 ? null : new Date(Math.min(...times));
}
