import { GENERATION_EVENT_TYPES, type GenerationEventType } from "@diffio-webhooks/core";
import { type Child, jsx as h } from "hono/jsx";
import type { ApiKey, Endpoint, Mode } from "../../lib/types.ts";
import { type Form, readHeaders, writeHeaders } from "../forms.ts";
import { choices, selectField, textArea, textField } from "../parts/fields.ts";
import type { Page } from "../parts/layout.ts";
import { callout, prose } from "../parts/text.ts";
import type { Notice } from "../notices.ts";

/** What stands in the fields of an endpoint's form. */
export interface EndpointValues {
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly modes: readonly string[];
  readonly headers: string;
  readonly signingSecret: string;
  readonly apiKeyId: string;
}

/** The values that a form was sent with. */
export function valuesOf(form: Form): EndpointValues {
  return {
    url: form.text("url"),
    eventTypes: form.list("eventTypes"),
    modes: form.list("modes"),
    headers: form.text("headers"),
    signingSecret: form.text("signingSecret"),
    apiKeyId: form.text("apiKeyId"),
  };
}

/** The values of an endpoint as it is. */
export function valuesFrom({ url, eventTypes, modes, headers, apiKeyId }: Endpoint): EndpointValues {
  return { url, eventTypes, modes, headers: writeHeaders(headers), signingSecret: "", apiKeyId };
}

/**
 * What the library takes of a form's values; it checks them.
 *
 * @throws SimulatorError `invalid_option`
 */
export function toOptions(
  values: EndpointValues,
  currentHeaders?: Endpoint["headers"],
): {
  url: string;
  eventTypes: readonly GenerationEventType[];
  modes: readonly Mode[];
  headers: Record<string, string>;
} {
  return {
    url: values.url,
    eventTypes: values.eventTypes as readonly GenerationEventType[],
    modes: values.modes as readonly Mode[],
    headers: readHeaders(values.headers, currentHeaders),
  };
}

/** The fields that an endpoint has when it is new and later. */
export function endpointFields(values: EndpointValues): Child {
  return [
    textField({
      name: "url",
      label: "URL",
      hint: [
        "Where your app takes deliveries, as in ",
        h("code", {}, "http://localhost:3000/webhooks/diffio"),
        ".",
      ],
      value: values.url,
      input: { type: "url", required: true, inputmode: "url" },
    }),
    choices({
      legend: "Event types",
      hint: "None chosen: it gets all of them.",
      name: "eventTypes",
      options: GENERATION_EVENT_TYPES.map((type) => [type, h("code", {}, type)] as const),
      chosen: values.eventTypes,
    }),
    choices({
      legend: "Modes",
      name: "modes",
      options: [
        ["test", "Test"],
        ["live", "Live"],
      ],
      chosen: values.modes,
    }),
    textArea({
      name: "headers",
      label: "Headers of your own",
      hint: "Sent with each delivery; one a line, as in X-Tenant: acme.",
      value: values.headers,
    }),
  ];
}

/** The page of a new endpoint. */
export function newPage(apiKeys: readonly ApiKey[], values: EndpointValues, refusal?: Notice): Page {
  return {
    title: "Add endpoint",
    section: "/endpoints",
    parent: ["/endpoints", "Endpoints"],
    body: [
      refusalBox(refusal),
      h(
        "div",
        { class: "columns" },
        h(
          "form",
          { method: "post", action: "/endpoints", class: "form card" },
          endpointFields(values),
          h(
            "details",
            { class: "more", open: values.signingSecret !== "" },
            h("summary", {}, "Use a signing secret that you have"),
            textField({
              name: "signingSecret",
              label: "Signing secret",
              hint: "whsec_ and base64. Left empty, a new one is made.",
              value: values.signingSecret,
            }),
          ),
          apiKeys.length > 1 &&
            selectField({
              name: "apiKeyId",
              label: "API key",
              hint: "It gets the events of this key and no others.",
              value: values.apiKeyId,
              options: apiKeys.map(({ id, name }) => [id, name] as const),
            }),
          h(
            "p",
            { class: "actions" },
            h("button", { type: "submit", class: "button is-primary" }, "Add endpoint"),
          ),
        ),
        h(
          "section",
          { class: "card", "aria-labelledby": "no-server" },
          h("h2", { id: "no-server" }, "No app yet?"),
          h(
            "p",
            {},
            "A test URL takes deliveries in place of your app, shows what arrived, and says whether it verifies.",
          ),
          h("p", { class: "actions" }, h("a", { class: "button", href: "/test-urls" }, "Create a test URL")),
        ),
      ),
    ],
  };
}

/** Why a form was refused. */
export function refusalBox(refusal: Notice | undefined): Child {
  return (
    refusal &&
    h(
      "div",
      { role: "alert" },
      callout("bad", refusal.title, refusal.text !== undefined && h("p", {}, prose(refusal.text))),
    )
  );
}
