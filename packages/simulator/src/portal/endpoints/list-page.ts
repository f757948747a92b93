import { type Child, jsx as h } from "hono/jsx";
import type { Attempt, Endpoint } from "../../lib/types.ts";
import { attemptMarks, endpointBadge } from "../parts/badge.ts";
import { icon } from "../parts/icon.ts";
import type { Page } from "../parts/layout.ts";
import { emptyState, moment, stackedLabel } from "../parts/text.ts";

/** An endpoint with its last attempts, oldest first. */
export interface ListedEndpoint {
  readonly endpoint: Endpoint;
  readonly attempts: readonly Attempt[];
}

/** All endpoints. */
export function listPage(listed: readonly ListedEndpoint[], now: Date): Page {
  return {
    title: "Endpoints",
    section: "/endpoints",
    actions: h("a", { class: "button is-primary", href: "/endpoints/new" }, icon("plus"), "Add endpoint"),
    body: h(
      "section",
      { class: "card", "aria-label": "Endpoints" },
      listed.length === 0
        ? emptyState(
            "No endpoints yet",
            "An endpoint is a URL of your app, with a signing secret of its own. No app yet? A test URL takes deliveries and shows them.",
            h("a", { class: "button is-primary", href: "/endpoints/new" }, "Add your first endpoint"),
            h("a", { class: "button", href: "/test-urls" }, "Use a test URL"),
          )
        : table(listed, now),
    ),
  };
}

function table(listed: readonly ListedEndpoint[], now: Date): Child {
  return h(
    "table",
    { class: "rows" },
    h("caption", { class: "unseen" }, "Endpoints"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col", class: "col-status" }, "Status"),
        h("th", { scope: "col", class: "col-event" }, "URL"),
        h("th", { scope: "col", class: "col-to" }, "Events"),
        h("th", { scope: "col", class: "col-attempts" }, "Last attempts"),
        h("th", { scope: "col", class: "col-sent" }, "Added"),
      ),
    ),
    h(
      "tbody",
      {},
      listed.map(({ endpoint, attempts }) =>
        h(
          "tr",
          { id: endpoint.id },
          h("td", { class: "col-status" }, endpointBadge(endpoint)),
          h(
            "td",
            { class: "col-event" },
            h("a", { class: "row-link url", href: `/endpoints/${endpoint.id}` }, endpoint.url),
            h("span", { class: "sub" }, endpoint.id),
          ),
          h("td", { class: "col-to" }, stackedLabel("Events:"), eventTypesText(endpoint)),
          h("td", { class: "col-attempts" }, attemptMarks(attempts, false)),
          h("td", { class: "col-sent" }, moment(endpoint.createdAt, now)),
        ),
      ),
    ),
  );
}

/** The event types that it gets, in short. */
export function eventTypesText({ eventTypes }: Pick<Endpoint, "eventTypes">): string {
  return eventTypes.length === 0
    ? "All"
    : eventTypes.map((type) => type.replace("generation.", "")).join(", ");
}
