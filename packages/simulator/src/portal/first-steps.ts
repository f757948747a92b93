import { type Child, jsx as h } from "hono/jsx";
import type { Endpoint, Message } from "../lib/types.ts";
import { icon } from "./parts/icon.ts";
import { prose } from "./parts/text.ts";

interface Step {
  readonly title: string;
  readonly text: Child;
  readonly isDone: boolean;
}

/** What to do until the first delivery has succeeded; nothing after it. */
export function firstSteps(endpoints: readonly Endpoint[], messages: readonly Message[]): Child {
  const attempts = messages.flatMap((message) => message.attempts);
  if (attempts.some(({ succeeded }) => succeeded)) return null;
  const [endpoint] = endpoints;
  const failed = messages.find((message) => message.attempts.length > 0);
  const advice = failed?.attempts.at(-1)?.advice;
  const steps: readonly Step[] = [
    {
      title: "Add an endpoint",
      text: h("p", {}, "The URL in your app. ", h("a", { href: "/endpoints/new" }, "Add an endpoint")),
      isDone: endpoint !== undefined,
    },
    {
      title: "Give your app its signing secret",
      text: h(
        "p",
        {},
        "As the environment variable ",
        h("code", {}, "DIFFIO_WEBHOOK_SECRET"),
        ". Each endpoint has its own. ",
        endpoint && h("a", { href: `/endpoints/${endpoint.id}?reveal=secret#secret` }, "Show the secret"),
      ),
      isDone: attempts.length > 0,
    },
    {
      title: "Send an event",
      text: h("p", {}, "A signed one, of any type. ", h("a", { href: "/send" }, "Send an event")),
      isDone: messages.length > 0,
    },
    {
      title: "See it pass",
      text: failed
        ? h(
            "p",
            {},
            "The last one failed. ",
            advice ? [prose(advice), " "] : null,
            h("a", { href: `/messages/${failed.id}` }, "Look at the attempt"),
          )
        : h("p", {}, "If it fails, its page says why, and how to mend it."),
      isDone: false,
    },
  ];
  const current = steps.findIndex(({ isDone }) => !isDone);
  return h(
    "section",
    { class: "card steps-card", "aria-labelledby": "steps" },
    h("h2", { id: "steps" }, "Four steps to your first delivery"),
    h(
      "ol",
      { class: "steps" },
      steps.map(({ title, text, isDone }, index) =>
        h(
          "li",
          {
            class: isDone ? "is-done" : "",
            "aria-current": index === current ? "step" : undefined,
          },
          h(
            "span",
            { class: "step-mark" },
            isDone ? icon("check") : h("span", { "aria-hidden": "true" }, index + 1),
          ),
          h("div", {}, h("h3", {}, title, isDone && h("span", { class: "unseen" }, " (done)")), text),
        ),
      ),
    ),
  );
}
