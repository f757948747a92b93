import type { WebhookError } from "../errors.ts";
import type { AcceptedMessage, FailureReason } from "../inbox/inbox.ts";
import { checkFunction, invalidOption } from "../options.ts";
import type { Delivery } from "./delivery.ts";
import { callHook } from "./hooks.ts";

/** A delivery, as an {@link Observer} sees it. */
export interface ObservedDelivery<Platform = unknown> {
  /** The receiver's name. */
  readonly receiver: string;
  /** The same object in each step of a delivery: a key for a `WeakMap`. */
  readonly delivery: Delivery;
  /** The framework's own objects. */
  readonly platform: Platform | undefined;
}

/** A delivery that was answered with an error. */
export interface ObservedRefusal<Platform = unknown> extends ObservedDelivery<Platform> {
  /** Its `code` and `status` are those of the reply. */
  readonly error: WebhookError;
  /** From its arrival to the reply, in seconds. */
  readonly durationInSeconds: number;
}

/** A delivery that was answered 200. */
export interface ObservedAcceptance<Platform = unknown> extends ObservedDelivery<Platform> {
  /** What was delivered. Of a duplicate, this is the copy: the message that was accepted first is the one that runs. */
  readonly message: AcceptedMessage;
  /** From its arrival to the reply, in seconds: with `acknowledge: "after-handlers"` the run lies in between. */
  readonly durationInSeconds: number;
}

/** A delivery that repeats a message. */
export interface ObservedDuplicate<Platform = unknown> extends ObservedAcceptance<Platform> {
  /**
   * Whether its body is that of the message that was accepted first. `false` means that the sender signed two bodies
   * for one id. Absent where the inbox cannot tell.
   */
  readonly sameBody?: boolean | undefined;
}

/** A run. */
export interface ObservedRun {
  /** In the process that received it, the same object as in `accepted`. */
  readonly message: AcceptedMessage;
  /** 1 for the first run; 0 for a delivery that went to the dead letters without a run, since it is not a valid event. */
  readonly run: number;
}

/** A run that begins. */
export interface ObservedRunStart extends ObservedRun {
  /**
   * From the moment the message was passed to the inbox, in seconds. Present for the first run, in the process that
   * received the message.
   */
  readonly waitInSeconds?: number | undefined;
}

/** A run that is over. */
export interface ObservedRunEnd extends ObservedRun {
  /** Why it failed; absent where it succeeded. */
  readonly failure?: {
    readonly reason: FailureReason;
    readonly error: unknown;
    /**
     * Whether the inbox does not run the message again by itself: it is a dead letter, or given up, or with
     * `acknowledge: "after-handlers"` left to the sender's retries.
     */
    readonly final: boolean;
  };
  /** In seconds. Absent where there is no `runStarted`: the run died with its process, or there was none. */
  readonly durationInSeconds?: number;
}

/**
 * Sees each step of each delivery and run, for metrics and traces. Every method is optional.
 *
 * A delivery is `received`, and then `refused`, a `duplicate`, or `accepted`: exactly one of them. A run is
 * `runStarted`, then `runEnded`. Methods are called synchronously and should return at once. An error that they throw
 * or reject with is written to `console.error` and changes nothing.
 */
export interface Observer<Platform = unknown> {
  /** A delivery arrived. Nothing of it is verified. */
  received?(observed: ObservedDelivery<Platform>): void;
  /** It was answered with an error, `handler_failed` of `acknowledge: "after-handlers"` included. */
  refused?(observed: ObservedRefusal<Platform>): void;
  /** It repeats a message that the inbox has already. */
  duplicate?(observed: ObservedDuplicate<Platform>): void;
  /** It was stored; with `acknowledge: "after-handlers"`, it was handled. */
  accepted?(observed: ObservedAcceptance<Platform>): void;
  /** A run begins. */
  runStarted?(observed: ObservedRunStart): void;
  /** A run is over. */
  runEnded?(observed: ObservedRunEnd): void;
}

const STEPS = ["received", "refused", "duplicate", "accepted", "runStarted", "runEnded"] as const;

/**
 * Checks the option `observer`.
 *
 * @throws WebhookError `invalid_option`
 */
export function checkObserver<Platform>(observer: Observer<Platform> | undefined): void {
  if (observer === undefined) return;
  if (typeof observer !== "object" || observer === null) {
    throw invalidOption("observer is not an object.", "Pass an object: { accepted: … }.");
  }
  for (const step of STEPS) checkFunction(`observer.${step}`, observer[step]);
}

/** Reports one step to an observer. */
export function observe<Step extends keyof Observer<Platform>, Platform>(
  observer: Observer<Platform>,
  step: Step,
  observed: Parameters<NonNullable<Observer<Platform>[Step]>>[0],
): void {
  const method = observer[step] as ((observed: unknown) => unknown) | undefined;
  if (method) callHook(`observer.${step}`, () => method.call(observer, observed));
}
