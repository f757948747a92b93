import { Hono } from "hono";
import { type Child, jsx as h } from "hono/jsx";
import type { AppEnv } from "../lib/http/app.ts";
import { MASK } from "../lib/http/mask.ts";
import type { Endpoint, Message } from "../lib/types.ts";
import type { Portal } from "./context.ts";
import { firstSteps } from "./first-steps.ts";
import { endpointBadge, messageState } from "./parts/badge.ts";
import { icon } from "./parts/icon.ts";
import { messageTable } from "./parts/message-table.ts";
import { copyable, emptyState } from "./parts/text.ts";

/** Messages that the numbers are counted over, and that are listed. */
const COUNTED = 1000;
const LISTED = 8;

/** The first page: how things stand, what came last, and how to connect. */
export function createOverview({ simulator, show }: Portal): Hono<AppEnv> {
  return new Hono<AppEnv>().get("/", async (c) => {
    const [endpoints, messages] = await Promise.all([
      simulator.endpoints.list(),
      simulator.messages.list({ limit: COUNTED }),
    ]);
    const apiKey = c.req.query("reveal") === "api-key" ? simulator.apiKey : undefined;
    return show(c, {
      title: "Overview",
      section: "/",
      actions: [
        h("a", { class: "button", href: "/endpoints/new" }, icon("plus"), "Add endpoint"),
        h("a", { class: "button is-primary", href: "/send" }, icon("send"), "Send event"),
      ],
      body: [
        firstSteps(endpoints, messages),
        messages.length > 0 && numbers(messages),
        h(
          "div",
          { class: "columns" },
          h(
            "section",
            { class: "card", "aria-labelledby": "latest" },
            h(
              "div",
              { class: "card-head" },
              h("h2", { id: "latest" }, "Latest messages"),
              messages.length > 0 && h("a", { href: "/messages" }, "All messages"),
            ),
            messages.length === 0
              ? emptyState(
                  "No messages yet",
                  "An event that you send shows up here at once, with every attempt to deliver it.",
                  h("a", { class: "button", href: "/send" }, "Send your first event"),
                )
              : messageTable("Latest messages", messages.slice(0, LISTED), endpoints, simulator.clock.now()),
          ),
          h("div", { class: "stack" }, endpointCard(endpoints), connectCard(simulator.url, apiKey)),
        ),
      ],
    });
  });
}

function numbers(messages: readonly Message[]): Child {
  const count = (tone: string): number => messages.filter((one) => messageState(one)[0] === tone).length;
  const total = messages.length === COUNTED ? `last ${COUNTED}` : String(messages.length);
  return h(
    "dl",
    { class: "numbers" },
    (
      [
        ["Messages", total, "/messages", ""],
        ["Succeeded", count("good"), "/messages?state=succeeded", "is-good"],
        ["Waiting for a retry", count("waiting"), "/messages?state=pending", "is-waiting"],
        ["Failed", count("bad"), "/messages?state=failed", "is-bad"],
      ] as const
    ).map(([name, value, path, tone]) =>
      h(
        "div",
        { class: value === 0 ? "is-none" : tone },
        h("dt", {}, h("a", { href: path }, name)),
        h("dd", {}, String(value)),
      ),
    ),
  );
}

function endpointCard(endpoints: readonly Endpoint[]): Child {
  return h(
    "section",
    { class: "card", "aria-labelledby": "endpoints" },
    h(
      "div",
      { class: "card-head" },
      h("h2", { id: "endpoints" }, "Endpoints"),
      h("a", { href: "/endpoints/new" }, "Add endpoint"),
    ),
    endpoints.length === 0
      ? emptyState("No endpoints yet", "An endpoint is the URL in your app that takes deliveries.")
      : h(
          "ul",
          { class: "plain" },
          endpoints.map((endpoint) =>
            h(
              "li",
              { id: `overview-${endpoint.id}` },
              h(
                "a",
                { class: "url is-short", href: `/endpoints/${endpoint.id}`, title: endpoint.url },
                endpoint.url,
              ),
              endpointBadge(endpoint),
            ),
          ),
        ),
  );
}

/** What Diffio's own SDKs need to send test events here. */
function connectCard(url: string, apiKey: string | undefined): Child {
  return h(
    "section",
    { class: "card", "aria-labelledby": "connect", id: "connect-card" },
    h("h2", { id: "connect" }, "Use Diffio's SDK against it"),
    h("p", { class: "quiet" }, "Test events by the SDK or REST work here, too:"),
    h(
      "dl",
      { class: "facts" },
      h("div", {}, h("dt", {}, "Base URL"), h("dd", {}, copyable("base-url", url, "the base URL"))),
      h(
        "div",
        {},
        h("dt", {}, "API key"),
        h(
          "dd",
          {},
          apiKey === undefined
            ? [
                h("code", {}, MASK),
                " ",
                h(
                  "a",
                  { href: "/?reveal=api-key#connect-card" },
                  "Show",
                  h("span", { class: "unseen" }, " the API key"),
                ),
              ]
            : [
                copyable("api-key", apiKey, "the API key"),
                " ",
                h("a", { href: "/#connect-card" }, "Hide", h("span", { class: "unseen" }, " the API key")),
              ],
        ),
      ),
    ),
  );
}
