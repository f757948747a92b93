import { type Child, jsx as h } from "hono/jsx";
import type { Endpoint } from "../../lib/types.ts";
import { endpointBadge } from "../parts/badge.ts";
import { actionForm } from "../parts/fields.ts";
import { icon } from "../parts/icon.ts";
import type { Page } from "../parts/layout.ts";
import { callout } from "../parts/text.ts";

const TABS = [
  ["", "Attempts"],
  ["/testing", "Testing"],
  ["/options", "Options"],
] as const;

/** Which of an endpoint's pages. */
export type Tab = (typeof TABS)[number][0];

/** What the pages of one endpoint have in common: its URL, its state, its tabs. */
export function endpointPage(endpoint: Endpoint, tab: Tab, body: Child): Page {
  const base = `/endpoints/${endpoint.id}`;
  return {
    title: `Endpoint ${endpoint.url}`,
    heading: h("span", { class: "url" }, endpoint.url),
    section: "/endpoints",
    parent: ["/endpoints", "Endpoints"],
    actions: [
      endpointBadge(endpoint),
      h("a", { class: "button is-primary", href: `${base}/testing` }, icon("send"), "Send event"),
    ],
    body: [
      h(
        "nav",
        { class: "tabs", "aria-label": "Endpoint" },
        h(
          "ul",
          {},
          TABS.map(([path, name]) =>
            h(
              "li",
              {},
              h("a", { href: `${base}${path}`, "aria-current": path === tab ? "page" : undefined }, name),
            ),
          ),
        ),
      ),
      endpoint.disabled && disabledCallout(endpoint),
      body,
    ],
  };
}

function disabledCallout({ id, disabledBecause }: Endpoint): Child {
  return callout(
    "waiting",
    disabledBecause === "failing" ? "Disabled after 5 days of failure" : "You have disabled this endpoint",
    h(
      "p",
      {},
      "It gets nothing. Enabling it does not send what it missed: recover does that, under Options.",
    ),
    actionForm(`/endpoints/${id}/enable`, "Enable"),
  );
}
