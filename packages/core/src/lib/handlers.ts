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
  readonly secretName?: string | undefined;
  /** The framework's own objects, where the run happens in the process that received the delivery. */
  readonly platform?: Platform | undefined;
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

/** The limit in time of one run. */
export class RunTimeout {
  readonly #seconds: number;
  #controller: AbortController | undefined;
  #error: WebhookError | undefined;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  /** Made only when a callback asks for it: it costs more than all the rest of a run. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#error) this.#controller.abort(this.#error);
    return this.#controller.signal;
  }

  /**
   * Waits for the callbacks.
   *
   * @throws WebhookError `handler_timeout`, else whatever the callbacks reject with.
   */
  async limit(callbacks: PromiseLike<unknown>): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#error = new WebhookError(
          "handler_timeout",
          `The callback took longer than ${this.#seconds} s.`,
          {
            hint: "Make it end, or raise handlerTimeoutInSeconds. context.signal is aborted at this moment.",
          },
        );
        this.#controller?.abort(this.#error);
        reject(this.#error);
      }, this.#seconds * 1000);
    });
    try {
      await Promise.race([callbacks, over]);
    } finally {
      clearTimeout(timer);
    }
  }
}
