import { type Child, jsx as h } from "hono/jsx";
import type { ClockOption } from "../../lib/clock.ts";
import type { Notice } from "../notices.ts";
import { formatDay, formatTime } from "./format.ts";
import { type IconName, icon } from "./icon.ts";
import { callout, prose } from "./text.ts";

/** Which part of the portal a page belongs to: the path of its first page. */
export type Section = "/" | "/endpoints" | "/messages" | "/send" | "/test-urls" | "/clock";

const SECTIONS: readonly (readonly [path: Section, name: string, icon: IconName])[] = [
  ["/", "Overview", "home"],
  ["/endpoints", "Endpoints", "endpoint"],
  ["/messages", "Messages", "messages"],
  ["/send", "Send event", "send"],
  ["/test-urls", "Test URLs", "inbox"],
  ["/clock", "Clock", "clock"],
];

/** One page, but for what is around it on every page. */
export interface Page {
  readonly title: string;
  /** None for a page that there is not. */
  readonly section?: Section;
  /** Beside the title. */
  readonly actions?: Child;
  /** The way back, above the title. */
  readonly parent?: readonly [path: string, name: string];
  /** What stands in the heading in place of the title. */
  readonly heading?: Child;
  readonly body: Child;
}

/** What is around a page. */
export interface Surroundings {
  readonly clock: ClockOption;
  readonly now: Date;
  readonly notice: Notice | undefined;
  /** Whether the page's script keeps it up to date: not while it shows a form that was refused. */
  readonly isLive: boolean;
}

/** The whole document. */
export function layout(page: Page, { clock, now, notice, isLive }: Surroundings): string {
  const { title, section, actions, parent, heading = title, body } = page;
  const document = h(
    "html",
    { lang: "en" },
    h(
      "head",
      {},
      h("meta", { charset: "utf-8" }),
      h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      h("meta", { name: "color-scheme", content: "light dark" }),
      h("title", {}, `${title} · Diffio webhook simulator`),
      h("link", { rel: "icon", href: "/assets/icon.svg", type: "image/svg+xml" }),
      h("link", { rel: "stylesheet", href: "/assets/portal.css" }),
      h("script", { type: "module", src: "/assets/portal.js" }),
    ),
    h(
      "body",
      {},
      h("a", { class: "skip", href: "#main" }, "Skip to the content"),
      h(
        "header",
        { class: "side" },
        h(
          "a",
          { class: "brand", href: "/" },
          h("span", { class: "brand-mark" }, icon("bolt")),
          h("span", {}, "Diffio webhooks", h("span", { class: "brand-note" }, "simulator")),
        ),
        navigation(section),
        h(
          "div",
          { class: "side-foot" },
          h("p", { class: "live", id: "live", role: "status", hidden: true }),
          clockChip(clock, now),
        ),
      ),
      h(
        "main",
        { id: "main", tabindex: "-1" },
        notice && noticeBox(notice),
        h(
          "div",
          { id: "page", ...(isLive && { "data-live": "" }) },
          parent && h("p", { class: "parent" }, h("a", { href: parent[0] }, icon("back"), parent[1])),
          h(
            "div",
            { class: "title" },
            h("h1", {}, heading),
            actions !== undefined && h("div", { class: "actions" }, actions),
          ),
          body,
        ),
      ),
      h("p", { class: "unseen", id: "announcer", "aria-live": "polite" }),
    ),
  );
  return `<!doctype html>${document.toString() as string}`;
}

function navigation(section: Section | undefined): Child {
  return h(
    "nav",
    { "aria-label": "Main" },
    h(
      "ul",
      {},
      SECTIONS.map(([path, name, iconName]) =>
        h(
          "li",
          {},
          h("a", { href: path, "aria-current": path === section ? "page" : undefined }, icon(iconName), name),
        ),
      ),
    ),
  );
}

/** The simulated clock, on every page. The script lets it tick; its data say from when and how fast. */
function clockChip(clock: ClockOption, now: Date): Child {
  const speed = clock === "manual" ? 0 : clock === "real" ? 1 : clock.speed;
  return h(
    "a",
    {
      class: "clock-chip",
      id: "clock",
      href: "/clock",
      "data-live": "",
      "data-now": String(now.getTime()),
      "data-speed": String(speed),
    },
    // The spaces are for screen readers, which read it as one line.
    h("span", { class: "clock-mode" }, `Clock: ${clockName(clock)}`),
    " ",
    h("span", { class: "clock-time", "data-tick": "" }, formatTime(now, now)),
    " ",
    h("span", { class: "clock-day" }, formatDay(now)),
  );
}

/** What a clock is called. */
export function clockName(clock: ClockOption): string {
  if (clock === "manual") return "by hand";
  return clock === "real" ? "real time" : `${clock.speed} × real time`;
}

function noticeBox({ tone, title, text }: Notice): Child {
  return h(
    "div",
    { class: "notice", role: tone === "bad" ? "alert" : "status" },
    callout(tone, title, text !== undefined && h("p", {}, prose(text))),
  );
}
