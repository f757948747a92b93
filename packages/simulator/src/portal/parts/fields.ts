import { type Child, jsx as h } from "hono/jsx";

/** One field of a form with its label. */
export interface FieldOptions {
  readonly name: string;
  readonly label: string;
  readonly hint?: Child;
  readonly value?: string | undefined;
  /** Attributes of the input itself. */
  readonly input?: Readonly<Record<string, unknown>>;
}

/** A line of text. */
export function textField({ name, label, hint, value, input = {} }: FieldOptions): Child {
  return labelled(
    { name, label, hint },
    h("input", {
      id: name,
      name,
      type: "text",
      value,
      autocomplete: "off",
      spellcheck: "false",
      ...(hint !== undefined && { "aria-describedby": `${name}-hint` }),
      ...input,
    }),
  );
}

/** Several lines of text. */
export function textArea({ name, label, hint, value = "", input = {} }: FieldOptions): Child {
  return labelled(
    { name, label, hint },
    h(
      "textarea",
      {
        id: name,
        name,
        rows: "3",
        autocomplete: "off",
        spellcheck: "false",
        ...(hint !== undefined && { "aria-describedby": `${name}-hint` }),
        ...input,
      },
      // HTML drops a first line break.
      `\n${value}`,
    ),
  );
}

/** One of several. */
export function selectField({
  options,
  name,
  label,
  hint,
  value,
}: FieldOptions & { readonly options: readonly (readonly [value: string, text: string])[] }): Child {
  return labelled(
    { name, label, hint },
    h(
      "select",
      { id: name, name, ...(hint !== undefined && { "aria-describedby": `${name}-hint` }) },
      options.map(([option, text]) => h("option", { value: option, selected: option === value }, text)),
    ),
  );
}

/** Any of several, or one of them, under a heading. */
export function choices({
  legend,
  hint,
  name,
  options,
  chosen,
  type = "checkbox",
}: {
  readonly legend: string;
  readonly hint?: string;
  readonly name: string;
  readonly options: readonly (readonly [value: string, text: Child, note?: string])[];
  readonly chosen: readonly string[];
  readonly type?: "checkbox" | "radio";
}): Child {
  return h(
    "fieldset",
    { class: "field", ...(hint !== undefined && { "aria-describedby": `${name}-hint` }) },
    h("legend", {}, legend),
    hint !== undefined && h("p", { class: "hint", id: `${name}-hint` }, hint),
    h(
      "div",
      { class: "choices" },
      options.map(([value, text, note]) =>
        h(
          "label",
          { class: "choice" },
          h("input", { type, name, value, checked: chosen.includes(value) }),
          h("span", {}, text, note !== undefined && h("span", { class: "choice-note" }, note)),
        ),
      ),
    ),
  );
}

/** A form of one button, for an action that needs no input. */
export function actionForm(
  action: string,
  label: Child,
  {
    style = "",
    fields = {},
  }: { style?: "" | "is-primary" | "is-danger" | "is-small"; fields?: Record<string, string> } = {},
): Child {
  return h(
    "form",
    { method: "post", action, class: "inline" },
    Object.entries(fields).map(([name, value]) => h("input", { type: "hidden", name, value })),
    h("button", { type: "submit", class: `button ${style}`.trim() }, label),
  );
}

function labelled(
  { name, label, hint }: Pick<FieldOptions, "name" | "label" | "hint">,
  control: Child,
): Child {
  return h(
    "div",
    { class: "field" },
    h("label", { for: name }, label),
    control,
    hint !== undefined && h("p", { class: "hint", id: `${name}-hint` }, hint),
  );
}
