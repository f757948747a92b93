import { type Child, jsx as h } from "hono/jsx";
import { maskSecret } from "../../lib/http/mask.ts";
import type { ReceivedDelivery, TestUrl } from "../../lib/test-urls.ts";
import type { Endpoint } from "../../lib/types.ts";
import { badge } from "../parts/badge.ts";
import { codeBlock, hexDump, prettyJson, rawText } from "../parts/code.ts";
import { actionForm } from "../parts/fields.ts";
import { formatBytes } from "../parts/format.ts";
import type { Page } from "../parts/layout.ts";
import { callout, copyable, emptyState, facts, headerTable, moment, prose } from "../parts/text.ts";

/** One test URL and what arrived there. */
export function testUrlPage(
  testUrl: TestUrl,
  deliveries: readonly ReceivedDelivery[],
  endpoints: readonly Endpoint[],
  now: Date,
): Page {
  const senders = endpoints.filter(({ url }) => url === testUrl.url);
  return {
    title: "Test URL",
    section: "/test-urls",
    parent: ["/test-urls", "Test URLs"],
    actions: h(
      "details",
      { class: "confirm", id: "remove" },
      h("summary", { class: "button" }, "Remove …"),
      actionForm(`/test-urls/${testUrl.id}/remove`, "Yes, with all that arrived", { style: "is-danger" }),
    ),
    body: h(
      "div",
      { class: "columns" },
      h(
        "section",
        { "aria-labelledby": "arrived", class: "stack" },
        h("h2", { id: "arrived" }, "What arrived"),
        deliveries.length === 0
          ? h(
              "div",
              { class: "card" },
              emptyState(
                "Waiting for the first delivery",
                senders.length > 0
                  ? "Send an event: it shows up here without a reload."
                  : "No endpoint points here. Add one, or POST to it yourself.",
                senders.length > 0
                  ? h("a", { class: "button is-primary", href: "/send" }, "Send an event")
                  : h(
                      "a",
                      { class: "button", href: `/endpoints/new?url=${encodeURIComponent(testUrl.url)}` },
                      "Add an endpoint",
                    ),
              ),
            )
          : deliveries.map((delivery, index) => deliveryCard(delivery, index === 0, now)),
      ),
      urlCard(testUrl, senders),
    ),
  };
}

function urlCard({ url, signingSecret }: TestUrl, senders: readonly Endpoint[]): Child {
  return h(
    "section",
    { class: "card", "aria-labelledby": "url" },
    h("h2", { id: "url" }, "Its URL"),
    h("p", {}, copyable("test-url", url, "the test URL")),
    facts(
      [
        "Gets events of",
        senders.length === 0
          ? h("a", { href: `/endpoints/new?url=${encodeURIComponent(url)}` }, "no endpoint yet: add one")
          : senders.map(({ id }) => h("a", { href: `/endpoints/${id}`, class: "block" }, h("code", {}, id))),
      ],
      [
        "Verifies with",
        signingSecret === null ? "the secrets of these endpoints" : h("code", {}, maskSecret(signingSecret)),
      ],
    ),
  );
}

function deliveryCard(delivery: ReceivedDelivery, isFirst: boolean, now: Date): Child {
  const { id, method, headers, body, bodyIsCut, receivedAt, verified, findings } = delivery;
  const text = readUtf8(body);
  const messageId = headers.find(([name]) => name.toLowerCase() === "svix-id")?.[1];
  return h(
    "article",
    {
      class: "card",
      id,
      "aria-labelledby": `${id}-title`,
      "data-announce": verified
        ? "A delivery arrived: it verifies"
        : "A delivery arrived: it does not verify",
    },
    h(
      "div",
      { class: "card-head" },
      h(
        "h3",
        { id: `${id}-title` },
        method,
        " ",
        h("span", { class: "sub" }, moment(receivedAt, now), `, ${formatBytes(body.length)}`),
      ),
      badge(verified ? "good" : "bad", verified ? "Verifies" : "Does not verify"),
    ),
    findings.map(({ message, hint }) =>
      callout(verified ? "info" : "bad", message, hint !== undefined && h("p", {}, prose(hint))),
    ),
    messageId !== undefined && h("p", { class: "sub" }, messageId),
    h(
      "details",
      { class: "more", id: `${id}-body`, open: isFirst },
      h("summary", {}, "Body"),
      body.length === 0
        ? h("p", { class: "quiet" }, "Empty.")
        : codeBlock("Body", text === undefined ? hexDump(body) : (prettyJson(text) ?? rawText(text))),
      bodyIsCut &&
        h("p", { class: "hint" }, "This is not all of it: it was too long, or the connection ended."),
    ),
    h(
      "details",
      { class: "more", id: `${id}-raw` },
      h("summary", {}, "Raw bytes"),
      codeBlock("Raw bytes", hexDump(body)),
    ),
    h(
      "details",
      { class: "more", id: `${id}-headers` },
      h("summary", {}, `Headers (${headers.length})`),
      headerTable("Headers, as they came", headers),
    ),
  );
}

/** `undefined` for bytes that are no text. */
function readUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
