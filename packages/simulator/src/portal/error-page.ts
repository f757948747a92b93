import { jsx as h } from "hono/jsx";
import type { Page } from "./parts/layout.ts";
import { emptyState } from "./parts/text.ts";

/** The page that stands in for one that cannot be shown. */
export function errorPage(title: string, text: string): Page {
  return {
    title,
    body: emptyState("Nothing to see here", text, h("a", { class: "button", href: "/" }, "To the overview")),
  };
}
