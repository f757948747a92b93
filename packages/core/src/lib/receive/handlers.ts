import type { DiffioEvent, GenerationEventByType, UnknownEvent } from "../events/events.ts";
import {
  GENERATION_EVENT_TYPES,
  type GenerationEventType,
  isGenerationEventType,
} from "../events/event-types.ts";
import { checkFunction, invalidOption } from "../options.ts";
import type { HandlerContext } from "./run-context.ts";

/** A callback. Its return value is ignored, but a promise is awaited. */
export type Handler<Event, Platform = unknown> = (event: Event, context: HandlerContext<Platform>) => unknown;

/** Callbacks by event type, each typed by its key. */
export type HandlersByType<Platform = unknown> = {
  readonly [Type in GenerationEventType]?: Handler<GenerationEventByType[Type], Platform> | undefined;
};

/** The callbacks of a receiver. */
export interface Handlers<Platform = unknown> {
  /** A callback for each event type that you need. Events of other types are accepted and answered 200. */
  on?: HandlersByType<Platform> | undefined;
  /** Runs before the callback of the type, for every event, including those of unknown types. Awaited. */
  onAny?: Handler<DiffioEvent, Platform> | undefined;
  /** Runs for events of a type that this version does not know. */
  onUnknown?: Handler<UnknownEvent, Platform> | undefined;
}

/** Runs all callbacks of an event, in order. Returns a promise if one of them does. */
export type Dispatch<Platform> = (event: DiffioEvent, context: HandlerContext<Platform>) => unknown;

/**
 * Checks the callbacks and makes the function that runs those of an event.
 *
 * @throws WebhookError `invalid_option`
 */
export function createDispatch<Platform>({
  on = {},
  onAny,
  onUnknown,
}: Handlers<Platform>): Dispatch<Platform> {
  checkFunction("onAny", onAny);
  checkFunction("onUnknown", onUnknown);
  if (typeof on !== "object" || on === null) {
    throw invalidOption(
      "on is not an object.",
      'Pass callbacks by event type: on: { "generation.completed": … }.',
    );
  }
  const byType = new Map<string, Handler<never, Platform>>();
  for (const [eventType, handler] of Object.entries(on)) {
    if (!isGenerationEventType(eventType)) {
      throw invalidOption(
        `on["${eventType}"] is not a known event type.`,
        `The types are ${GENERATION_EVENT_TYPES.join(", ")}; events of other types go to onUnknown.`,
      );
    }
    checkFunction(`on["${eventType}"]`, handler);
    if (handler) byType.set(eventType, handler);
  }
  return function dispatch(event, context) {
    const handler = isGenerationEventType(event.eventType) ? byType.get(event.eventType) : onUnknown;
    if (onAny) return dispatchBoth(onAny, handler, event, context);
    // The parser has checked that the event is of its type.
    return handler?.(event as never, context);
  };
}

async function dispatchBoth<Platform>(
  onAny: Handler<DiffioEvent, Platform>,
  handler: Handler<never, Platform> | undefined,
  event: DiffioEvent,
  context: HandlerContext<Platform>,
): Promise<void> {
  await onAny(event, context);
  await handler?.(event as never, context);
}
