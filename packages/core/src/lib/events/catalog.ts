import { WebhookError } from "../errors.ts";

/** An event, as a catalog reads it from the body of a verified message. */
export interface ParsedEvent<Event = unknown> {
  readonly event: Event;
  /** The type that it names, known or not. */
  readonly eventType: string | undefined;
  /** Whether the catalog has this type. */
  readonly isKnown: boolean;
  /** What it is about, where the catalog can tell. */
  readonly subject?: string | undefined;
}

/** What a sender sends: its types of events, and how to read one. `diffioEvents`, or made by `defineEvents`. */
export interface EventCatalog<
  ByType extends object = Record<string, unknown>,
  Unknown = unknown,
  Untyped = Unknown,
> {
  /** The types that have callbacks in `on`. */
  readonly types: readonly string[];
  /**
   * Reads the body of a verified message: strict UTF-8, JSON, and what the event's type promises. An object of a type that
   * the catalog does not have, or of none at all, is an unknown event.
   *
   * @throws WebhookError `invalid_payload`
   */
  parse(
    body: Uint8Array | string,
  ): ParsedEvent<ByType[keyof ByType] | Unknown> | Promise<ParsedEvent<ByType[keyof ByType] | Unknown>>;
  /** For the compiler only: never there. */
  readonly "~types"?: { readonly byType: ByType; readonly unknown: Unknown; readonly untyped: Untyped };
}

// `any`, so that every catalog is one.
// eslint-disable-next-line typescript/no-explicit-any
export type AnyCatalog = EventCatalog<any, any, any>;

/** The event of each type of a catalog, by its type. */
export type EventsByType<Catalog extends AnyCatalog> = NonNullable<Catalog["~types"]>["byType"];

/** An event of a type that the catalog does not have, as `onUnknown` gets it. */
export type UnknownEventOf<Catalog extends AnyCatalog> = NonNullable<Catalog["~types"]>["untyped"];

/** Whatever an authentic delivery may carry, as `onAny` gets it: its type narrows it. */
export type EventOf<Catalog extends AnyCatalog> =
  | EventsByType<Catalog>[keyof EventsByType<Catalog>]
  | NonNullable<Catalog["~types"]>["unknown"];

/**
 * The type of an unknown event among known ones: no string that a program can write, so that comparing with a known type
 * narrows a union. It is a plain string at run time.
 */
// Ambient and an enum, since a branded string would not narrow.
export declare enum UnlistedEventType {
  /** Never there. */
  Unlisted = "a type that this version does not know",
}

const HINT =
  "The message is authentic but not an event that this version can read: update the package, or report it.";

/** The error for an authentic message that is no event its receiver can read. */
export function invalidPayload(message: string, cause?: unknown, hint: string = HINT): WebhookError {
  return new WebhookError("invalid_payload", message, { hint, cause });
}
