import type { DiffioEvent, GenerationEventByType, UnknownEvent } from "../events/events.ts";
import {
  GENERATION_EVENT_TYPES,
  type GenerationEventType,
  isGenerationEventType,
} from "../events/event-types.ts";
import { checkFunction, invalidOption } from "../options.ts";
import type { HandlerContext } from "./run-context.ts";

/** A callback. What it returns is not looked at, but a promise is awaited. */
export type Handler<Event, Platform = unknown> = (event: Event, context: HandlerContext<Platform>) => unknown;

/** Callbacks by event type, each typed by its key. */
export type HandlersByType<Platform = unknown> = {
  readonly [Type in GenerationEventType]?: Handler<GenerationEventByType[Type], Platform> | undefined;
};

/** The callbacks of a receiver. */
export interface Handlers<Platform = unknown> {
  /** A callback for each event type that matters to you; the others are accepted, answered 200 and done. */
  on?: HandlersByType<Platform> | undefined;
  /** Runs before the callback of the type, for every event, those of unknown types too. Awaited. */
  onAny?: Handler<DiffioEvent, Platform> | undefined;
  /** Runs for events of a type that this version does not know. */
  onUnknown?: Handler<UnknownEvent, Platform> | undefined;
}

/** Runs all callbacks that an event has, in order; a promise where one of them gave one. */
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
      'Give callbacks by event type: on: { "generation.completed": … }.',
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
