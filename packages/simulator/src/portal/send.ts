import { GENERATION_EVENT_TYPES } from "@diffio-webhooks/core";
import { setTimeout as sleep } from "node:timers/promises";
import { Hono } from "hono";
import { type Child, jsx as h } from "hono/jsx";
import { FAULTS, type Fault } from "../lib/faults.ts";
import type { AppEnv } from "../lib/http/app.ts";
import { newId } from "../lib/ids.ts";
import type { TestEvent } from "../lib/test-events.ts";
import type { ApiKey, Endpoint, Mode } from "../lib/types.ts";
import { type Portal, toNotice } from "./context.ts";
import { type Form, readForm, readJsonObject } from "./forms.ts";
import { endpointBadge } from "./parts/badge.ts";
import { choices, selectField, textArea } from "./parts/fields.ts";
import { icon } from "./parts/icon.ts";
import type { Page } from "./parts/layout.ts";
import { callout, emptyState, prose } from "./parts/text.ts";
import type { Notice } from "./notices.ts";

/** The types of a generation that goes well, one after the other. */
const SUCCESS_FLOW = ["generation.queued", "generation.processing", "generation.completed"] as const;
/** So long the answer waits for deliveries, so that the next page shows them without a script too. */
const WAIT_MS = 250;

/** The test sender. */
export function createSendPage({ simulator, show, goTo }: Portal): Hono<AppEnv> {
  const load = async (): Promise<readonly [Endpoint[], ApiKey[]]> =>
    Promise.all([simulator.endpoints.list(), simulator.apiKeys.list()]);
  const app = new Hono<AppEnv>();
  app.get("/", async (c) => {
    const { eventType = "generation.completed" } = c.req.query();
    return show(
      c,
      sendPage(...(await load()), { eventType, fault: "", mode: "test", fields: "", apiKeyId: "" }),
    );
  });
  app.post("/", async (c) => {
    const form = await readForm(c);
    try {
      const events = await sendAll(form);
      await Promise.race([simulator.idle(), sleep(WAIT_MS)]);
      const [event] = events;
      return goTo(c, event && events.length === 1 ? `/messages/${event.svixMessageId}` : "/messages");
    } catch (error) {
      const values = {
        eventType: form.text("eventType"),
        fault: form.text("fault"),
        mode: form.text("mode"),
        fields: form.text("fields"),
        apiKeyId: form.text("apiKeyId"),
      };
      return show(c, sendPage(...(await load()), values, toNotice(error)), 400);
    }
  });
  return app;

  async function sendAll(form: Form): Promise<TestEvent[]> {
    const chosen = form.text("eventType");
    const samplePayload = readJsonObject(form.text("fields"));
    const events: TestEvent[] = [];
    const generationId = newId("gen");
    for (const eventType of chosen === "flow" ? SUCCESS_FLOW : [chosen]) {
      events.push(
        await simulator.sendTestEvent({
          eventType,
          mode: form.optional("mode") as Mode | undefined,
          fault: form.optional("fault") as Fault | undefined,
          apiKeyId: form.optional("apiKeyId"),
          samplePayload: { ...(chosen === "flow" && { generationId }), ...samplePayload },
        }),
      );
    }
    return events;
  }
}

interface SendValues {
  readonly eventType: string;
  readonly mode: string;
  readonly fault: string;
  readonly fields: string;
  readonly apiKeyId: string;
}

function sendPage(
  endpoints: readonly Endpoint[],
  apiKeys: readonly ApiKey[],
  values: SendValues,
  refusal?: Notice,
): Page {
  return {
    title: "Send event",
    section: "/send",
    body: [
      refusal &&
        h("div", { role: "alert" }, callout("bad", refusal.title, h("p", {}, prose(refusal.text ?? "")))),
      h(
        "div",
        { class: "columns" },
        h("section", { class: "card" }, h("h2", {}, "A test event"), sendForm(apiKeys, values)),
        h("div", { class: "stack" }, recipients(endpoints)),
      ),
    ],
  };
}

/** The form of a test event, also on the page of an endpoint. */
export function sendForm(apiKeys: readonly ApiKey[], values: SendValues): Child {
  return h(
    "form",
    { method: "post", action: "/send", class: "form" },
    choices({
      legend: "Event type",
      name: "eventType",
      type: "radio",
      options: [
        ...GENERATION_EVENT_TYPES.map((type) => [type, h("code", {}, type)] as const),
        ["flow", "A whole success", "queued, processing, completed: three messages"],
      ],
      chosen: [values.eventType],
    }),
    selectField({
      name: "fault",
      label: "Fault",
      hint: "What to do wrong on purpose, at each scheduled attempt. An attempt by hand goes without.",
      value: values.fault,
      options: [
        ["", "None: as it should be"],
        ...Object.entries(FAULTS).map(([name, text]) => [name, `${name}: ${text}`] as const),
      ],
    }),
    h(
      "details",
      { class: "more", open: values.fields !== "" || values.mode === "live" },
      h("summary", {}, "Mode, and fields of your own"),
      choices({
        legend: "Mode",
        name: "mode",
        type: "radio",
        options: [
          ["test", "Test"],
          ["live", "Live"],
        ],
        chosen: [values.mode],
      }),
      textArea({
        name: "fields",
        label: "Fields",
        hint: [
          "A JSON object; what it names replaces what the sample has, as in ",
          h("code", {}, '{ "apiProjectId": "proj_9" }'),
          ".",
        ],
        value: values.fields,
      }),
      apiKeys.length > 1 &&
        selectField({
          name: "apiKeyId",
          label: "API key",
          hint: "Its endpoints get the event.",
          value: values.apiKeyId,
          options: apiKeys.map(({ id, name }) => [id, name] as const),
        }),
    ),
    h(
      "p",
      { class: "actions" },
      h("button", { type: "submit", class: "button is-primary" }, icon("send"), "Send event"),
    ),
  );
}

function recipients(endpoints: readonly Endpoint[]): Child {
  return h(
    "section",
    { class: "card", "aria-labelledby": "recipients" },
    h("h2", { id: "recipients" }, "Who may get it"),
    endpoints.length === 0
      ? emptyState(
          "No endpoints yet",
          "A message that nobody gets is kept all the same; later you can send it by “Replay missing”.",
          h("a", { class: "button", href: "/endpoints/new" }, "Add an endpoint"),
        )
      : h(
          "ul",
          { class: "plain" },
          endpoints.map((endpoint) =>
            h(
              "li",
              { id: `to-${endpoint.id}` },
              h(
                "div",
                {},
                h(
                  "a",
                  { class: "url is-short", href: `/endpoints/${endpoint.id}`, title: endpoint.url },
                  endpoint.url,
                ),
                h(
                  "p",
                  { class: "sub" },
                  `${endpoint.eventTypes.length === 0 ? "All event types" : endpoint.eventTypes.join(", ")}; ${endpoint.modes.join(" and ")} mode`,
                ),
              ),
              endpointBadge(endpoint),
            ),
          ),
        ),
  );
}
