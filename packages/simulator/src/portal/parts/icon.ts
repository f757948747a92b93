import { type Child, jsx as h } from "hono/jsx";

/** The strokes of each icon, on a grid of 16. */
const PATHS = {
  back: "M13 8H3m4-4L3 8l4 4",
  bolt: "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z",
  check: "m3.5 8.5 3 3 6-7",
  clock: "M8 4.5V8l2.5 1.5M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5",
  copy: "M5.5 5.5V2.75h7.75v7.75H10.5M2.75 5.5h7.75v7.75H2.75z",
  cross: "m4 4 8 8m0-8-8 8",
  endpoint: "M8 5.25a2.75 2.75 0 1 0 0 5.5 2.75 2.75 0 0 0 0-5.5M1.5 8h3.75m5.5 0h3.75",
  home: "m2 7.5 6-5 6 5M3.75 6.5v7h8.5v-7",
  info: "M8 7.25v4M8 4.6v.1M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5",
  inbox: "M2 9.5 4 3h8l2 6.5v4H2zM2 9.5h3.5a2.5 2.5 0 0 0 5 0H14",
  messages: "M2 3.5h12M2 8h12M2 12.5h7",
  pause: "M5.5 3.5v9m5-9v9",
  plus: "M8 3v10M3 8h10",
  send: "M14 2 1.75 6.75 6.5 9.5 9.25 14.25zM6.5 9.5 14 2",
  warn: "M8 6.25v3.5M8 11.9v.1M8 1.75 14.75 13.75H1.25z",
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

/** An icon beside words that say the same; screen readers pass over it. */
export function icon(name: IconName): Child {
  return h(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    h("path", { d: PATHS[name] }),
  );
}
