import type { WebhookError } from "../errors.ts";
import type { AcceptedMessage, FailureReason } from "../inbox/inbox.ts";
import type { Delivery } from "./delivery.ts";
import { callHook } from "./hooks.ts";

/** A delivery, as an {@link Observer} sees it. */
export interface ObservedDelivery<Platform = unknown> {
  /** The receiver's name. */
  readonly receiver: string;
  readonly delivery: Delivery;
  /** The framework's own objects. */
  readonly platform: Platform | undefined;
}

/** A delivery that was refused. */
export interface ObservedRefusal<Platform = unknown> extends ObservedDelivery<Platform> {
  readonly error: WebhookError;
  /** From its arrival to the reply, in seconds. */
  readonly durationInSeconds: number;
}

/** A delivery that was accepted, or found to be a duplicate. */
export interface ObservedAcceptance<Platform = unknown> extends ObservedDelivery<Platform> {
  /** Of a duplicate, this is the copy: its body may differ from that of the first, which is the one that runs. */
  readonly message: AcceptedMessage;
  /** From its arrival until it was stored, in seconds. */
  readonly durationInSeconds: number;
}

/** A run. */
export interface ObservedRun {
  readonly message: AcceptedMessage;
  /** 1 for the first run; 0 for a delivery that went to the dead letters unrun, since it is not a valid event. */
  readonly run: number;
}

/** A run that is over. */
export interface ObservedRunEnd extends ObservedRun {
  /** Why it failed; absent where it succeeded. */
  readonly failure?: {
    readonly reason: FailureReason;
    readonly error: unknown;
    /** Whether no further run follows by itself. */
    readonly final: boolean;
  };
  /** In seconds. Absent when it cannot be known: the run died with its process, or there was no run. */
  readonly durationInSeconds?: number;
}

/**
 * Sees each step of each delivery and run, for metrics and traces. Every method is optional, and costs nothing when it is
 * left out. Methods are called synchronously and should return at once; an error they throw changes nothing.
 */
export interface Observer<Platform = unknown> {
  /** A delivery arrived. Nothing of it is verified. */
  received?(this: void, observed: ObservedDelivery<Platform>): void;
  /** It was refused. */
  refused?(this: void, observed: ObservedRefusal<Platform>): void;
  /** It repeats a message that the inbox has already. */
  duplicate?(this: void, observed: ObservedAcceptance<Platform>): void;
  /** It was stored. */
  accepted?(this: void, observed: ObservedAcceptance<Platform>): void;
  /** A run begins. */
  runStarted?(this: void, observed: ObservedRun): void;
  /** A run is over. */
  runEnded?(this: void, observed: ObservedRunEnd): void;
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
