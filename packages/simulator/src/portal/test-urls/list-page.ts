import { type Child, jsx as h } from "hono/jsx";
import type { TestUrl } from "../../lib/test-urls.ts";
import type { Notice } from "../notices.ts";
import { refusalBox } from "../endpoints/form.ts";
import { textField } from "../parts/fields.ts";
import { plural } from "../parts/format.ts";
import { icon } from "../parts/icon.ts";
import type { Page } from "../parts/layout.ts";
import { emptyState, moment } from "../parts/text.ts";

/** A test URL and how many deliveries it keeps. */
export interface ListedTestUrl {
  readonly testUrl: TestUrl;
  readonly count: number;
}

/** All test URLs. */
export function listPage(
  listed: readonly ListedTestUrl[],
  { now, signingSecret = "", refusal }: { now: Date; signingSecret?: string; refusal?: Notice },
): Page {
  return {
    title: "Test URLs",
    section: "/test-urls",
    body: [
      refusalBox(refusal),
      h(
        "div",
        { class: "columns" },
        h(
          "section",
          { class: "card", "aria-label": "Test URLs" },
          listed.length === 0
            ? emptyState(
                "No test URLs yet",
                "A test URL takes deliveries in place of your app. It shows their headers and bytes, and says whether they verify; if not, why.",
              )
            : list(listed, now),
        ),
        createCard(signingSecret),
      ),
    ],
  };
}

function list(listed: readonly ListedTestUrl[], now: Date): Child {
  return h(
    "ul",
    { class: "plain" },
    listed.map(({ testUrl: { id, url, createdAt }, count }) =>
      h(
        "li",
        { id },
        h(
          "div",
          {},
          h("a", { class: "url", href: `/test-urls/${id}` }, url),
          h("p", { class: "sub" }, "made ", moment(createdAt, now)),
        ),
        h(
          "span",
          { class: "count" },
          count === 0 ? "Nothing arrived" : plural(count, "delivery", "deliveries"),
        ),
      ),
    ),
  );
}

function createCard(signingSecret: string): Child {
  return h(
    "section",
    { class: "card", "aria-labelledby": "create" },
    h("h2", { id: "create" }, "Create a test URL"),
    h(
      "form",
      { method: "post", action: "/test-urls", class: "form" },
      h(
        "label",
        { class: "choice" },
        h("input", { type: "checkbox", name: "withEndpoint", value: "yes", checked: signingSecret === "" }),
        h(
          "span",
          {},
          "Add an endpoint that points to it",
          h("span", { class: "choice-note" }, "so that it gets the events that you send"),
        ),
      ),
      h(
        "details",
        { class: "more", open: signingSecret !== "" },
        h("summary", {}, "For deliveries of another sender"),
        textField({
          name: "signingSecret",
          label: "Its signing secret",
          hint: "To verify with, such as that of an endpoint in Diffio's own portal which reaches this machine by a tunnel.",
          value: signingSecret,
        }),
      ),
      h(
        "p",
        { class: "actions" },
        h("button", { type: "submit", class: "button is-primary" }, icon("plus"), "Create test URL"),
      ),
    ),
  );
}
