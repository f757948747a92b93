import { jsx as h } from "hono/jsx";
import type { ApiKey, Endpoint } from "../../lib/types.ts";
import type { Page } from "../parts/layout.ts";
import { sendForm } from "../send.ts";
import { endpointPage } from "./frame.ts";
import { eventTypesText } from "./list-page.ts";

/** The test sender, beside what this endpoint gets of it. */
export function testingPage(endpoint: Endpoint, apiKeys: readonly ApiKey[]): Page {
  const eventType = endpoint.eventTypes[0] ?? "generation.completed";
  const mode = endpoint.modes[0] ?? "test";
  return endpointPage(
    endpoint,
    "/testing",
    h(
      "div",
      { class: "columns" },
      h(
        "section",
        { class: "card" },
        h("h2", {}, "A test event"),
        sendForm(apiKeys, { eventType, mode, fault: "", fields: "", apiKeyId: endpoint.apiKeyId }),
      ),
      h(
        "section",
        { class: "card" },
        h("h2", {}, "What this endpoint gets"),
        h(
          "p",
          {},
          `Event types: ${eventTypesText(endpoint).toLowerCase()}. Modes: ${endpoint.modes.join(" and ")}. `,
          "An event goes to every endpoint of its API key that wants it, not to this one alone.",
        ),
      ),
    ),
  );
}
