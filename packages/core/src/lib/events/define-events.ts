import { WebhookError } from "../errors.ts";
import { invalidOption } from "../options.ts";
import { printable } from "../printable.ts";
import { type EventCatalog, type ParsedEvent, type UnlistedEventType, invalidPayload } from "./catalog.ts";
import { parseJsonObject } from "./json.ts";

/**
 * A schema of any library that follows Standard Schema (https://standardschema.dev): zod, valibot, arktype and others.
 * The part of that interface that is used here.
 */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

type OutputOf<Schema> = Schema extends StandardSchema<infer Output> ? Output : never;

type Schemas = Readonly<Record<string, StandardSchema>>;

/** What the schemas return, by type; each event has its type. */
export type DefinedEvents<TypeField extends string, Types extends Schemas> = {
  [Type in keyof Types]: OutputOf<Types[Type]> & { readonly [Field in TypeField]: Type };
};

/** An event of a type that the catalog does not have, or of none. */
export type UndefinedEvent<TypeField extends string, EventType> = {
  readonly [Field in TypeField]: EventType;
} & { readonly [field: string]: unknown };

/** Options of {@link defineEvents}. */
export interface EventDefinitions<TypeField extends string, Types extends Schemas> {
  /** The field of the body that names its type: `"type"` for most senders. */
  typeField: TypeField;
  /** The schema of each type. Whatever follows Standard Schema: zod, valibot, arktype and others. */
  types: Types;
  /** What an event is about: the id of an order, for example. */
  subject?: ((event: DefinedEvents<TypeField, Types>[keyof Types]) => string | undefined) | undefined;
}

/** A catalog made by {@link defineEvents}. */
export type DefinedCatalog<TypeField extends string, Types extends Schemas> = EventCatalog<
  DefinedEvents<TypeField, Types>,
  UndefinedEvent<TypeField, UnlistedEventType | undefined>,
  UndefinedEvent<TypeField, string | undefined>
>;

/**
 * Defines the events of another sender on Svix or Standard Webhooks, for the option `events`. Callbacks are typed by it.
 * Events of other types go to `onUnknown`; one that does not fit the schema of its type is refused (`invalid_payload`).
 *
 * ```ts
 * const events = defineEvents({ typeField: "type", types: { "email.sent": z.object({ data: z.object({ … }) }) } });
 * createReceiver({ events, on: { "email.sent": (event) => … } });
 * ```
 *
 * @throws WebhookError `invalid_option`
 */
export function defineEvents<const TypeField extends string, const Types extends Schemas>({
  typeField,
  types,
  subject,
}: EventDefinitions<TypeField, Types>): DefinedCatalog<TypeField, Types> {
  if (typeof typeField !== "string" || typeField === "") {
    throw invalidOption("typeField is not the name of a field.", 'Most senders name the type in "type".');
  }
  if (typeof types !== "object" || types === null) {
    throw invalidOption("types is not an object.", 'Pass { "email.sent": schema, … }.');
  }
  // A Map, so that a type named "constructor" is one like all others.
  const schemas = new Map(Object.entries(types));
  for (const [type, schema] of schemas) {
    if (typeof (schema as Partial<StandardSchema> | undefined)?.["~standard"]?.validate !== "function") {
      throw invalidOption(
        `types["${printable(type)}"] is not a schema.`,
        "Give a schema of a library that follows Standard Schema: zod, valibot, arktype and others.",
      );
    }
  }
  if (subject !== undefined && typeof subject !== "function") {
    throw invalidOption(
      "subject is not a function.",
      "It takes an event and returns what that is about, or undefined.",
    );
  }
  type Event = DefinedEvents<TypeField, Types>[keyof Types];

  function parse(body: Uint8Array | string): ParsedEvent<never> | Promise<ParsedEvent<never>> {
    const value = parseJsonObject(body);
    const named = Object.hasOwn(value, typeField) ? value[typeField] : undefined;
    const eventType = typeof named === "string" ? named : undefined;
    const schema = eventType === undefined ? undefined : schemas.get(eventType);
    if (eventType === undefined || !schema) return { event: value as never, eventType, isKnown: false };
    const result = ours("schema", eventType, () => schema["~standard"].validate(value));
    return result instanceof Promise
      ? result.then(
          (later) => read(eventType, later),
          (cause: unknown) => {
            throw broken("schema", eventType, cause);
          },
        )
      : read(eventType, result);
  }

  function read(eventType: string, result: SchemaResult<unknown>): ParsedEvent<never> {
    if (result.issues) {
      const [issue] = result.issues;
      throw invalidPayload(
        `${pathOf(issue)} does not fit the schema of "${eventType}".`,
        undefined,
        "The message is authentic: fix the schema that defineEvents was given for this type, or report it to the sender.",
      );
    }
    const event = typed(result.value, eventType) as never;
    const about = subject && ours("subject", eventType, () => subject(event as Event));
    return { event, eventType, isKnown: true, subject: typeof about === "string" ? about : undefined };
  }

  /** The event with its type, which schemas of some libraries leave out where they do not name it. */
  function typed(event: unknown, eventType: string): unknown {
    return typeof event === "object" && event !== null && !(typeField in event)
      ? { ...event, [typeField]: eventType }
      : event;
  }

  return { types: [...schemas.keys()], parse };
}

/** Calls what the catalog was given: an error of it is not the sender's. */
function ours<Result>(what: string, eventType: string, call: () => Result): Result {
  try {
    return call();
  } catch (cause) {
    throw broken(what, eventType, cause);
  }
}

function broken(what: string, eventType: string, cause: unknown): WebhookError {
  return new WebhookError("invalid_option", `The ${what} of "${eventType}" failed.`, {
    hint: "It threw, where a schema returns issues. See the cause.",
    cause,
  });
}

/** Where an issue lies. Not what it says: libraries quote values of the body. */
function pathOf(issue: SchemaIssue | undefined): string {
  const keys = issue?.path?.map((step) => printable(typeof step === "object" ? step.key : step)) ?? [];
  return keys.length === 0 ? "The event" : keys.join(".");
}
