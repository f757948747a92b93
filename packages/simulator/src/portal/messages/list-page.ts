import { GENERATION_EVENT_TYPES } from "@diffio-webhooks/core";
import { type Child, jsx as h } from "hono/jsx";
import type { Endpoint, Message } from "../../lib/types.ts";
import { selectField } from "../parts/fields.ts";
import { icon } from "../parts/icon.ts";
import type { Page } from "../parts/layout.ts";
import { messageTable } from "../parts/message-table.ts";
import { emptyState } from "../parts/text.ts";

/** What the list is narrowed down to. */
export interface MessageFilter {
  readonly state?: string | undefined;
  readonly eventType?: string | undefined;
  readonly endpointId?: string | undefined;
  readonly before?: string | undefined;
}

/** One page of messages, newest first. */
export function listPage(
  messages: readonly Message[],
  endpoints: readonly Endpoint[],
  { filter, hasMore, now }: { filter: MessageFilter; hasMore: boolean; now: Date },
): Page {
  const { before, ...narrowed } = filter;
  const isNarrowed = Object.values(narrowed).some((value) => value !== undefined);
  const last = messages.at(-1);
  return {
    title: "Messages",
    section: "/messages",
    actions: h("a", { class: "button is-primary", href: "/send" }, icon("send"), "Send event"),
    body: h(
      "section",
      { class: "card", "aria-label": "Messages" },
      filterForm(filter, endpoints),
      messages.length > 0
        ? messageTable("Messages, newest first", messages, endpoints, now)
        : isNarrowed
          ? emptyState(
              "None like that",
              "No message fits the filter.",
              h("a", { class: "button", href: "/messages" }, "All messages"),
            )
          : emptyState(
              "No messages yet",
              "An event that is sent from here, by the CLI or by Diffio's SDK shows up at once.",
              h("a", { class: "button", href: "/send" }, "Send an event"),
            ),
      h(
        "p",
        { class: "actions pager" },
        before !== undefined && h("a", { class: "button", href: address({ ...narrowed }) }, "Newest"),
        hasMore &&
          last &&
          h("a", { class: "button", href: address({ ...narrowed, before: last.id }) }, "Older"),
      ),
    ),
  };
}

function filterForm({ state, eventType, endpointId }: MessageFilter, endpoints: readonly Endpoint[]): Child {
  return h(
    "form",
    { method: "get", action: "/messages", class: "form is-row", "aria-label": "Filter" },
    selectField({
      name: "state",
      label: "Status",
      value: state,
      options: [
        ["", "Any"],
        ["succeeded", "Succeeded"],
        ["pending", "Waiting"],
        ["failed", "Failed"],
      ],
    }),
    selectField({
      name: "eventType",
      label: "Event type",
      value: eventType,
      options: [["", "Any"], ...GENERATION_EVENT_TYPES.map((type) => [type, type] as const)],
    }),
    selectField({
      name: "endpointId",
      label: "Endpoint",
      value: endpointId,
      options: [["", "Any"], ...endpoints.map(({ id, url }) => [id, url] as const)],
    }),
    h("button", { type: "submit", class: "button" }, "Filter"),
  );
}

function address(filter: MessageFilter): string {
  const entries = Object.entries(filter).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const query = new URLSearchParams(entries).toString();
  return query === "" ? "/messages" : `/messages?${query}`;
}
