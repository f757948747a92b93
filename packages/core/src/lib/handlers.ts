import type { DiffioEvent, GenerationEventByType, UnknownEvent } from "./events.ts";
import { WebhookError } from "./errors.ts";
import { GENERATION_EVENT_TYPES, type GenerationEventType, isGenerationEventType } from "./event-types.ts";
import { checkFunction, invalidOption } from "./options.ts";

/** What a callback is told besides the event. */
export interface HandlerContext<Platform = unknown> {
  /** The same for all attempts of one message. */
  readonly messageId: string;
  /** When the accepted attempt was signed. */
  readonly timestamp: Date;
  /** 1 for the first run of this message, 2 for its first retry. */
  readonly run: number;
  /** Aborted when the run takes longer than `handlerTimeoutInSeconds`. Hand it to `fetch` and the like. */
  readonly signal: AbortSignal;
  /** The bytes that were signed. */
  readonly rawBody: Uint8Array;
  /** The name of the secret that matched, where the secrets were given by name. */
  readonly secretName?: string;
  /** The framework's own objects, where the run happens in the process that received the delivery. */
  readonly platform?: Platform;
}

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

/** Runs all callbacks that an event has, in order. */
export type Dispatch<Platform> = (event: DiffioEvent, context: HandlerContext<Platform>) => Promise<void>;

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
  return async function dispatch(event, context) {
    if (onAny) await onAny(event, context);
    const handler = isGenerationEventType(event.eventType) ? byType.get(event.eventType) : onUnknown;
    // The parser has checked that the event is of its type.
    if (handler) await handler(event as never, context);
  };
}

/**
 * Runs callbacks with a limit in time.
 *
 * @throws WebhookError `handler_timeout`, else whatever the callbacks throw.
 */
export async function runWithTimeout(
  work: (signal: () => AbortSignal) => Promise<void>,
  timeoutInSeconds: number,
): Promise<void> {
  // Made only when a callback asks for it: it costs more than all the rest of a run.
  let controller: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timedOut = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new WebhookError(
        "handler_timeout",
        `The callback took longer than ${timeoutInSeconds} s.`,
        {
          hint: "Make it end, or raise handlerTimeoutInSeconds. context.signal is aborted at this moment.",
        },
      );
      controller?.abort(error);
      reject(error);
    }, timeoutInSeconds * 1000);
  });
  try {
    await Promise.race([work(() => (controller ??= new AbortController()).signal), timedOut]);
  } finally {
    clearTimeout(timer);
  }
}
