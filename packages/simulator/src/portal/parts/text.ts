import { type Child, jsx as h } from "hono/jsx";
import { formatSpan, formatTime } from "./format.ts";
import { icon } from "./icon.ts";

/** A moment of the simulated clock; its title is the whole of it, in UTC. */
export function moment(time: Date, now: Date): Child {
  return h("time", { datetime: time.toISOString(), title: time.toISOString() }, formatTime(time, now));
}

/** How long until then. The page's script counts it down. */
export function countdown(time: Date, now: Date): Child {
  const left = time.getTime() - now.getTime();
  return h(
    "time",
    { datetime: time.toISOString(), title: time.toISOString(), "data-due": String(time.getTime()) },
    left <= 0 ? "now" : `in ${formatSpan(left)}`,
  );
}

/** The name of a column, where a narrow table shows no heads. */
export function stackedLabel(name: string): Child {
  return h("span", { class: "stacked-label" }, `${name} `);
}

/** A text to copy, with a button that the page's script shows. */
export function copyable(id: string, text: string, what: string): Child {
  return h("span", { class: "copyable" }, h("code", { id }, text), copyButton(id, what));
}

/** Copies the text of the element of that id. It is shown by the page's script, without which it could do nothing. */
export function copyButton(id: string, what: string): Child {
  return h(
    "button",
    {
      type: "button",
      class: "button is-small is-ghost",
      "data-copy": id,
      hidden: true,
      "aria-label": `Copy ${what}`,
    },
    icon("copy"),
    h("span", { class: "label" }, "Copy"),
  );
}

/** Words with `code` in backticks, as advice has them. */
export function prose(text: string): Child {
  return text.split("`").map((part, index) => (index % 2 === 1 ? h("code", {}, part) : part));
}

/** Something to know or to do, beside what it is about. */
export function callout(
  tone: "info" | "bad" | "good" | "waiting",
  title: string,
  ...children: Child[]
): Child {
  const icons = { info: "info", bad: "warn", good: "check", waiting: "clock" } as const;
  return h(
    "div",
    { class: `callout is-${tone}` },
    icon(icons[tone]),
    h("div", {}, h("p", { class: "callout-title" }, title), children),
  );
}

/** What stands where there is nothing yet, and the next step. */
export function emptyState(title: string, text: Child, ...actions: Child[]): Child {
  return h(
    "div",
    { class: "empty" },
    h("p", { class: "empty-title" }, title),
    h("p", {}, text),
    actions.length > 0 && h("p", { class: "actions" }, actions),
  );
}

/** Names and values, one beside the other. */
export function facts(...entries: readonly (readonly [name: string, value: Child])[]): Child {
  return h(
    "dl",
    { class: "facts" },
    entries.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

/** HTTP headers. */
export function headerTable(
  caption: string,
  headers: Iterable<readonly [name: string, value: string]>,
): Child {
  const rows = [...headers];
  if (rows.length === 0) return h("p", { class: "quiet" }, `${caption}: none.`);
  return h(
    "table",
    { class: "headers" },
    h("caption", {}, caption),
    h(
      "tbody",
      {},
      rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))),
    ),
  );
}
