import { type Child, jsx as h } from "hono/jsx";
import type { Endpoint } from "../../lib/types.ts";
import type { Notice } from "../notices.ts";
import { actionForm, selectField, textField } from "../parts/fields.ts";
import { formatForInput, plural } from "../parts/format.ts";
import type { Page } from "../parts/layout.ts";
import { callout, prose } from "../parts/text.ts";
import { toNotice } from "../context.ts";
import { type EndpointValues, endpointFields, refusalBox } from "./form.ts";
import { endpointPage } from "./frame.ts";
import type { RecoveryJob } from "./recoveries.ts";

const DAY_MS = 24 * 3600 * 1000;

/** How the fields of {@link optionsPage} are filled in. */
export interface OptionsView {
  readonly values: EndpointValues;
  readonly job: RecoveryJob | undefined;
  readonly now: Date;
  readonly refusal?: Notice;
}

/** What can be changed of an endpoint, and done to it. */
export function optionsPage(endpoint: Endpoint, { values, job, now, refusal }: OptionsView): Page {
  const base = `/endpoints/${endpoint.id}`;
  return endpointPage(endpoint, "/options", [
    refusalBox(refusal),
    h(
      "div",
      { class: "columns is-even" },
      h(
        "form",
        { method: "post", action: `${base}/options`, class: "form card" },
        h("h2", {}, "What it gets"),
        endpointFields(values),
        h("p", { class: "actions" }, h("button", { type: "submit", class: "button is-primary" }, "Save")),
      ),
      h("div", { class: "stack" }, recoverCard(base, job, now), rotateCard(base), removeCard(base, endpoint)),
    ),
  ]);
}

function recoverCard(base: string, job: RecoveryJob | undefined, now: Date): Child {
  return h(
    "section",
    { class: "card", id: "recover", "aria-labelledby": "recover-title" },
    h("h2", { id: "recover-title" }, "Recover"),
    job && jobState(job),
    h(
      "form",
      { method: "post", action: `${base}/recover`, class: "form" },
      h(
        "div",
        { class: "pair" },
        textField({
          name: "since",
          label: "Since",
          value: formatForInput(new Date(now.getTime() - DAY_MS)),
          input: { type: "datetime-local", step: "1", required: true, "aria-describedby": "recover-hint" },
        }),
        textField({
          name: "until",
          label: "Until (now, if empty)",
          input: { type: "datetime-local", step: "1", "aria-describedby": "recover-hint" },
        }),
      ),
      h(
        "p",
        { class: "hint", id: "recover-hint" },
        "By the simulated clock, at most 14 days back. Each message is sent once, without retries.",
      ),
      h(
        "p",
        { class: "actions" },
        h("button", { type: "submit", class: "button" }, "Recover failed messages"),
        h(
          "button",
          { type: "submit", class: "button", formaction: `${base}/replay-missing` },
          "Replay missing messages",
        ),
      ),
      h(
        "p",
        { class: "hint" },
        "Failed: tried, never with success. Missing: wanted, but never sent, as while it was disabled.",
      ),
    ),
  );
}

function jobState({ operation, progress, result, error }: RecoveryJob): Child {
  const name = operation === "recover" ? "Recovery" : "Replay";
  if (error !== undefined) {
    const { title, text } = toNotice(error);
    return callout("bad", `${name}: ${title}`, text !== undefined && h("p", {}, prose(text)));
  }
  if (!result) {
    return h(
      "p",
      { class: "progress", id: "recovery-progress" },
      h("label", { for: "recovery-bar" }, `${name}: ${progress.done} of ${progress.total}`),
      h("progress", { id: "recovery-bar", max: String(progress.total), value: String(progress.done) }),
    );
  }
  const { total, succeeded, failed } = result;
  if (total === 0) return callout("info", `${name}: there was nothing to send`);
  return h(
    "div",
    { id: "recovery-result", "data-announce": `${name}: ${succeeded} of ${total} succeeded` },
    callout(
      failed === 0 ? "good" : "bad",
      `${name}: ${succeeded} of ${plural(total, "message")} succeeded`,
      failed > 0 &&
        h("p", {}, `${failed} failed again. `, h("a", { href: "/messages?state=failed" }, "See why")),
    ),
  );
}

function rotateCard(base: string): Child {
  return h(
    "section",
    { class: "card", id: "rotate", "aria-labelledby": "rotate-title" },
    h("h2", { id: "rotate-title" }, "Rotate the signing secret"),
    h(
      "form",
      { method: "post", action: `${base}/rotate-secret`, class: "form" },
      selectField({
        name: "graceInSeconds",
        label: "The old secret signs too",
        hint: "Both sign each delivery meanwhile, so that your app can change over without a gap.",
        value: "86400",
        options: [
          ["0", "not any more"],
          ["3600", "for an hour"],
          ["86400", "for a day"],
          ["604800", "for 7 days"],
        ],
      }),
      textField({
        name: "newSecret",
        label: "New secret",
        hint: "whsec_ and base64. Left empty, one is made.",
      }),
      h("p", { class: "actions" }, h("button", { type: "submit", class: "button" }, "Rotate")),
    ),
  );
}

function removeCard(base: string, { disabled }: Endpoint): Child {
  return h(
    "section",
    { class: "card", "aria-labelledby": "off-title" },
    h("h2", { id: "off-title" }, "Take it out of service"),
    h(
      "p",
      { class: "hint" },
      "A disabled endpoint gets nothing, and its planned attempts are dropped. A removed one is gone with its secret.",
    ),
    h(
      "div",
      { class: "actions" },
      disabled ? actionForm(`${base}/enable`, "Enable") : actionForm(`${base}/disable`, "Disable"),
      h(
        "details",
        { class: "confirm" },
        h("summary", { class: "button" }, "Remove …"),
        actionForm(`${base}/remove`, "Yes, remove it for good", { style: "is-danger" }),
      ),
    ),
  );
}
