import { WebhookError } from "../errors.ts";
import type { DiffioEvent } from "../events/diffio.ts";
import type { AcceptedMessage, RunAttempt } from "../inbox/inbox.ts";
import { withinSeconds } from "../time-limit.ts";

/** What a callback receives besides the event. */
export interface HandlerContext<Platform = unknown> {
  /** The same for all attempts of one message. */
  readonly messageId: string;
  /** When the accepted attempt was signed. */
  readonly timestamp: Date;
  /** 1 for the first run of this message, 2 for its first retry. */
  readonly run: number;
  /**
   * Aborted when the run takes longer than `handlerTimeoutInSeconds`, or when its durable inbox closes and abandons it.
   * Pass it to `fetch` and similar calls. It is a getter, so a spread copy of the context does not have it.
   */
  readonly signal: AbortSignal;
  /** The bytes that were signed. */
  readonly rawBody: Uint8Array;
  /** The name of the secret that matched, if the secrets are named. */
  readonly secretName?: string | undefined;
  /** The framework's own objects, if the run happens in the process that received the delivery. */
  readonly platform?: Platform | undefined;
  /**
   * A client inside the transaction that also writes that this message is done, where the inbox has been asked for one
   * (`postgresInbox({ transactional: true })`): use its package's `transactionOf(context)`.
   */
  readonly transaction?: unknown;
}

/** What an `onError` hook receives besides the error. */
export interface ErrorContext<Platform = unknown, Event = DiffioEvent> extends HandlerContext<Platform> {
  /** 0 for a delivery that is not a valid event and went to the dead letters without a run. */
  readonly run: number;
  /** The event whose run failed; absent where the body is not a valid event. */
  readonly event?: Event | undefined;
  readonly eventType?: string | undefined;
  /** Whether this was the last run: the inbox does not retry it again. */
  readonly final: boolean;
}

/** What a logger may write of a context: no body, no event, and none of the framework's objects. */
function loggable(context: Partial<ErrorContext<unknown, unknown>>): object {
  const { messageId, timestamp, eventType, run, final, secretName } = context;
  return { messageId, timestamp, eventType, run, final, secretName };
}

/** The context of one run, and its limit in time. */
export class RunContext<Platform> implements HandlerContext<Platform> {
  readonly messageId: string;
  readonly timestamp: Date;
  readonly run: number;
  readonly rawBody: Uint8Array;
  readonly secretName: string | undefined;
  readonly platform: Platform | undefined;
  readonly transaction: unknown;
  readonly #timeoutInSeconds: number;
  readonly #givenUp: AbortSignal | undefined;
  #controller: AbortController | undefined;
  #timeout: WebhookError | undefined;

  constructor(
    { messageId, timestamp, rawBody, secretName }: AcceptedMessage,
    { run, signal, transaction }: RunAttempt,
    platform: Platform | undefined,
    timeoutInSeconds: number,
  ) {
    this.messageId = messageId;
    this.timestamp = timestamp;
    this.run = run;
    this.rawBody = rawBody;
    this.secretName = secretName;
    this.platform = platform;
    this.transaction = transaction;
    this.#timeoutInSeconds = timeoutInSeconds;
    this.#givenUp = signal;
  }

  /** Created only when it is read: it costs more than the rest of a run. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#timeout) this.#controller.abort(this.#timeout);
    const { signal } = this.#controller;
    return this.#givenUp ? AbortSignal.any([signal, this.#givenUp]) : signal;
  }

  /**
   * Waits for the callbacks.
   *
   * @throws WebhookError `handler_timeout`; otherwise whatever the callbacks reject with.
   */
  limit(callbacks: PromiseLike<unknown>): Promise<unknown> {
    return withinSeconds(callbacks, this.#timeoutInSeconds, () => {
      this.#timeout = new WebhookError(
        "handler_timeout",
        `The callback took over ${this.#timeoutInSeconds} s.`,
        {
          hint: "Make it end sooner, or raise handlerTimeoutInSeconds. context.signal is aborted at the limit.",
        },
      );
      this.#controller?.abort(this.#timeout);
      return this.#timeout;
    });
  }

  toJSON(): object {
    return loggable(this);
  }

  /** Whether this is the error of the run's own time limit. */
  timedOut(error: unknown): boolean {
    return error !== undefined && error === this.#timeout;
  }
}

/** The context of a run that failed. */
export class FailedRunContext<Platform> implements ErrorContext<Platform, unknown> {
  readonly messageId: string;
  readonly timestamp: Date;
  readonly run: number;
  readonly rawBody: Uint8Array;
  readonly secretName: string | undefined;
  readonly platform: Platform | undefined;
  readonly event: unknown;
  readonly eventType: string | undefined;
  readonly final: boolean;
  readonly #run: RunContext<Platform>;

  constructor(context: RunContext<Platform>, { eventType }: AcceptedMessage, event: unknown, final: boolean) {
    ({
      messageId: this.messageId,
      timestamp: this.timestamp,
      run: this.run,
      rawBody: this.rawBody,
      secretName: this.secretName,
      platform: this.platform,
    } = context);
    this.event = event;
    this.eventType = eventType;
    this.final = final;
    this.#run = context;
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  toJSON(): object {
    return loggable(this);
  }
}

// console.log and util.inspect, too. Not as a method: declarations cannot name a symbol that is not unique.
for (const { prototype } of [RunContext, FailedRunContext]) {
  Object.defineProperty(prototype, Symbol.for("nodejs.util.inspect.custom"), { value: prototype.toJSON });
}
