import { Hono } from "hono";
import { type Child, jsx as h } from "hono/jsx";
import { invalidOption } from "../lib/errors.ts";
import type { AppEnv } from "../lib/http/app.ts";
import type { Endpoint, Message } from "../lib/types.ts";
import { type Portal, toNotice } from "./context.ts";
import { readForm } from "./forms.ts";
import { actionForm, textField } from "./parts/fields.ts";
import { formatDay, formatSpan, formatTime, plural } from "./parts/format.ts";
import { clockName } from "./parts/layout.ts";
import { countdown, emptyState, moment } from "./parts/text.ts";

/** The delays of the schedule, and a day. */
const STEPS = ["5s", "5m", "30m", "2h", "5h", "10h", "1d"] as const;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const MAX_LISTED = 50;

/** One planned attempt. */
interface Planned {
  readonly message: Message;
  readonly endpointId: string;
  readonly at: Date;
}

/** The simulated clock, and what is due on it. */
export function createClockPage({ simulator, show, goTo }: Portal): Hono<AppEnv> {
  const { clock } = simulator;
  const app = new Hono<AppEnv>();
  app.get("/", async (c) => {
    const [messages, endpoints] = await Promise.all([
      simulator.messages.list({ state: "pending", limit: 1000 }),
      simulator.endpoints.list(),
    ]);
    const now = clock.now();
    return show(c, {
      title: "Clock",
      section: "/clock",
      body: h(
        "div",
        { class: "columns is-even" },
        h(
          "section",
          { class: "card" },
          h("h2", {}, "Simulated time"),
          h("p", { class: "big-clock" }, h("span", { "data-tick": "" }, formatTime(now, now))),
          h("p", { class: "quiet" }, `${formatDay(now)}, ${modeText(clockName(clock.option))}`),
          advanceForms(),
        ),
        planned(plannedAttempts(messages), endpoints, now),
      ),
    });
  });
  app.post("/", async (c) => {
    const form = await readForm(c);
    const path = localPath(form.text("next"), simulator.url);
    try {
      const to = form.optional("to");
      const seconds = to === undefined ? readSpan(form.text("by")) : secondsUntil(Number(to), clock.now());
      await clock.advance(seconds);
      return goTo(c, path, { tone: "good", title: `The clock went ${formatSpan(seconds * 1000)} forward.` });
    } catch (error) {
      return goTo(c, path, toNotice(error));
    }
  });
  return app;
}

/** A button that goes to a planned attempt and comes back to the page. */
export function advanceButton(to: Date, next: string, label: Child): Child {
  return actionForm("/clock", label, {
    style: "is-small",
    // Up to the millisecond after it, so that rounding leaves nothing due.
    fields: { to: String(to.getTime() + 1), next },
  });
}

function modeText(name: string): string {
  return name === "by hand" ? "stands still until you advance it" : `goes by ${name}`;
}

function advanceForms(): Child {
  return [
    h(
      "form",
      { method: "post", action: "/clock", class: "form" },
      h(
        "fieldset",
        { class: "field" },
        h("legend", {}, "Advance by"),
        h(
          "p",
          { class: "hint" },
          "The steps of the schedule of retries. Attempts that fall due on the way are made.",
        ),
        h(
          "p",
          { class: "actions" },
          STEPS.map((step) =>
            h("button", { type: "submit", class: "button", name: "by", value: step }, `+ ${stepName(step)}`),
          ),
        ),
      ),
    ),
    h(
      "form",
      { method: "post", action: "/clock", class: "form is-row" },
      textField({
        name: "by",
        label: "Or by any other span",
        hint: "As 90s, 5m, 1h30m or 2d.",
        input: { required: true, pattern: "( *[0-9]+(\\.[0-9]+)? *[smhd])+ *", size: "10" },
      }),
      h("button", { type: "submit", class: "button" }, "Advance"),
    ),
    h(
      "p",
      { class: "hint" },
      "Signatures carry the time of the real clock, whatever this one says: receivers check it.",
    ),
  ];
}

function planned(attempts: readonly Planned[], endpoints: readonly Endpoint[], now: Date): Child {
  return h(
    "section",
    { class: "card", "aria-labelledby": "planned" },
    h("h2", { id: "planned" }, "Planned attempts"),
    attempts.length === 0
      ? emptyState(
          "Nothing is planned",
          "A delivery that fails is tried again, 8 times in all over 27 hours. It would wait here.",
        )
      : h(
          "ol",
          { class: "plain" },
          attempts.slice(0, MAX_LISTED).map(({ message, endpointId, at }) => {
            const url = endpoints.find(({ id }) => id === endpointId)?.url ?? endpointId;
            return h(
              "li",
              { id: `planned-${message.id}-${endpointId}` },
              h(
                "div",
                {},
                h("a", { href: `/messages/${message.id}` }, message.eventType),
                h(
                  "p",
                  { class: "sub" },
                  countdown(at, now),
                  ", at ",
                  moment(at, now),
                  " to ",
                  h("span", { class: "url is-short", title: url }, url),
                ),
              ),
              advanceButton(at, "/clock", [
                "Go there",
                h("span", { class: "unseen" }, `: ${message.eventType}, ${message.id}`),
              ]),
            );
          }),
        ),
    attempts.length > MAX_LISTED &&
      h("p", { class: "quiet" }, `And ${plural(attempts.length - MAX_LISTED, "more attempt")}.`),
  );
}

function plannedAttempts(messages: readonly Message[]): Planned[] {
  return messages
    .flatMap((message) =>
      message.destinations.flatMap(({ endpointId, nextAttemptAt }) =>
        nextAttemptAt ? [{ message, endpointId, at: nextAttemptAt }] : [],
      ),
    )
    .toSorted((left, right) => left.at.getTime() - right.at.getTime());
}

/** Reads `1h30m` and the like as seconds. */
function readSpan(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([smhd])/g)];
  if (parts.length === 0 || text.replaceAll(/\d+(?:\.\d+)?\s*[smhd]/g, "").trim() !== "")
    throw invalidOption(`${JSON.stringify(text)} is no span of time.`, "Write it as 90s, 5m, 1h30m or 2d.");
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
}

function secondsUntil(time: number, now: Date): number {
  return Math.max(0, (time - now.getTime()) / 1000);
}

function stepName(step: string): string {
  return step.replace(
    /^(\d+)(.)$/,
    (_, count: string, unit: string) => `${count} ${unit === "m" ? "min" : unit}`,
  );
}

/** A path of this server; the clock's own for anything else. */
function localPath(path: string, base: string): string {
  if (!path.startsWith("/") || !URL.canParse(path, base)) return "/clock";
  const { origin, pathname, search } = new URL(path, base);
  return origin === new URL(base).origin ? `${pathname}${search}` : "/clock";
}
