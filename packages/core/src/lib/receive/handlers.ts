import type { AnyCatalog, EventOf, EventsByType, ParsedEvent, UnknownEventOf } from "../events/catalog.ts";
import { type DiffioCatalog, diffioEvents } from "../events/diffio.ts";
import { checkFunction, invalidOption } from "../options.ts";
import { printable } from "../printable.ts";
import type { HandlerContext } from "./run-context.ts";

/** A callback. Its return value is ignored, but a promise is awaited. */
export type Handler<Event, Platform = unknown> = (event: Event, context: HandlerContext<Platform>) => unknown;

/** Callbacks by event type, each typed by its key. */
export type HandlersByType<Platform = unknown, Catalog extends AnyCatalog = DiffioCatalog> = {
  readonly [Type in keyof EventsByType<Catalog>]?: Handler<EventsByType<Catalog>[Type], Platform> | undefined;
};

/** The callbacks of a receiver. */
export interface Handlers<Platform = unknown, Catalog extends AnyCatalog = DiffioCatalog> {
  /** The catalog of what the sender sends. Default `diffioEvents`; see `defineEvents` for another sender's. */
  events?: Catalog | undefined;
  /** A callback for each event type that you need. Events of other types are accepted and answered 200. */
  on?: HandlersByType<Platform, Catalog> | undefined;
  /** Runs before the callback of the type, for every event, including unknown ones. Awaited. */
  onAny?: Handler<EventOf<Catalog>, Platform> | undefined;
  /** Runs for events of a type that the catalog does not have, or of none. */
  onUnknown?: Handler<UnknownEventOf<Catalog>, Platform> | undefined;
}

/** Runs all callbacks of an event, in order. Returns a promise if one of them does. */
export type Dispatch<Platform> = (parsed: ParsedEvent, context: HandlerContext<Platform>) => unknown;

/** The catalog of a receiver. */
export function checkCatalog(events: AnyCatalog = diffioEvents): AnyCatalog {
  if (typeof events === "object" && events !== null && typeof events.parse === "function") return events;
  throw invalidOption(
    "events is not a catalog.",
    "Pass what defineEvents(…) returns, or leave it out for Diffio's.",
  );
}

/**
 * Checks the callbacks and makes the function that runs those of an event.
 *
 * @throws WebhookError `invalid_option`
 */
export function createDispatch<Platform>(
  { on = {}, onAny, onUnknown }: Handlers<Platform, AnyCatalog>,
  { types }: AnyCatalog,
): Dispatch<Platform> {
  checkFunction("onAny", onAny);
  checkFunction("onUnknown", onUnknown);
  if (typeof on !== "object" || on === null) {
    throw invalidOption("on is not an object.", `Pass callbacks by event type: on: { "${types[0]}": … }.`);
  }
  const byType = new Map<string, Handler<never, Platform>>();
  for (const [eventType, handler] of Object.entries(on)) {
    const name = `on["${printable(eventType)}"]`;
    if (!types.includes(eventType)) {
      throw invalidOption(
        `${name} is not a known event type.`,
        `The types are ${types.slice(0, 20).join(", ")}${types.length > 20 ? " and others" : ""}; events of other types go to onUnknown.`,
      );
    }
    checkFunction(name, handler);
    if (handler) byType.set(eventType, handler as Handler<never, Platform>);
  }
  return function dispatch({ event, eventType, isKnown }, context) {
    const handler = isKnown ? byType.get(eventType as string) : onUnknown;
    if (onAny) return dispatchBoth(onAny, handler, event, context);
    // The parser has checked that the event is of its type.
    return handler?.(event as never, context);
  };
}

async function dispatchBoth<Platform>(
  onAny: Handler<never, Platform>,
  handler: Handler<never, Platform> | undefined,
  event: unknown,
  context: HandlerContext<Platform>,
): Promise<void> {
  await onAny(event as never, context);
  await handler?.(event as never, context);
}
