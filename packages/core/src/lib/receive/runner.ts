import { WebhookError } from "../errors.ts";
import type { AnyCatalog, ParsedEvent } from "../events/catalog.ts";
import type { Dispatch } from "./handlers.ts";
import type { AcceptedMessage, FailureReason, RunAttempt, RunOutcome } from "../inbox/inbox.ts";
import { monotonicSeconds } from "../timers.ts";
import { callHook, isThenable } from "./hooks.ts";
import { type Observer, observe } from "./observer.ts";
import { type ErrorContext, FailedRunContext, RunContext } from "./run-context.ts";

/** What accompanies a message from its delivery to its run, within this process. */
export interface InProcess<Platform> {
  readonly parsed: ParsedEvent;
  readonly platform: Platform | undefined;
  /** Callbacks start when this has resolved. */
  readonly replied: PromiseLike<unknown> | undefined;
  /** When it was passed to the inbox, by the monotonic clock in seconds; 0 without an observer. */
  readonly takenAt: number;
}

interface RunnerOptions<Platform> {
  readonly catalog: AnyCatalog;
  readonly observer: Observer<Platform> | undefined;
  readonly dispatch: Dispatch<Platform>;
  readonly onError: (error: unknown, context: ErrorContext<Platform, never>) => unknown;
  readonly timeoutInSeconds: number;
}

interface Runner {
  /** One run of a message, called by the inbox: in this process or, after a restart, in a later one. */
  run(message: AcceptedMessage, attempt: RunAttempt): Promise<RunOutcome>;
  /** A run whose process died, or whose effects could not be committed. */
  interrupted(message: AcceptedMessage, attempt: RunAttempt, error?: unknown): void;
  /** A signed delivery that is not a valid event and went to the dead letters. */
  invalid(message: AcceptedMessage, error: WebhookError): void;
}

const SUCCEEDED: RunOutcome = { succeeded: true };

/** Makes the runner, which runs the callbacks and calls `onError` for each failed run. */
export function createRunner<Platform>({
  catalog,
  dispatch,
  onError,
  timeoutInSeconds,
  observer,
}: RunnerOptions<Platform>): Runner {
  async function run(message: AcceptedMessage, attempt: RunAttempt): Promise<RunOutcome> {
    const inProcess = message.inProcess as InProcess<Platform> | undefined;
    try {
      if (inProcess?.replied) await inProcess.replied;
    } catch {
      // A reply that could not be sent changes nothing: the message has been accepted.
    }
    const startedAt = observer ? monotonicSeconds() : 0;
    if (observer) {
      const waitInSeconds = inProcess && attempt.run === 1 ? startedAt - inProcess.takenAt : undefined;
      observe(observer, "runStarted", { message, run: attempt.run, waitInSeconds });
    }
    const outcome = await runCallbacks(message, attempt, inProcess);
    if (observer) ended(message, attempt.run, outcome, monotonicSeconds() - startedAt);
    return outcome;
  }

  async function runCallbacks(
    message: AcceptedMessage,
    attempt: RunAttempt,
    inProcess: InProcess<Platform> | undefined,
  ): Promise<RunOutcome> {
    const context = new RunContext(message, attempt, inProcess?.platform, timeoutInSeconds);
    // Parsed again for each further run: a callback may have changed its event.
    let parsed = attempt.run === 1 ? inProcess?.parsed : undefined;
    try {
      parsed ??= await catalog.parse(message.rawBody);
    } catch (error) {
      return failed("invalid_payload", error, context, message, true);
    }
    try {
      const callbacks = dispatch(parsed, context);
      if (isThenable(callbacks)) await context.limit(callbacks);
      return SUCCEEDED;
    } catch (error) {
      const reason = context.timedOut(error) ? "handler_timeout" : "handler_failed";
      return failed(reason, error, context, message, attempt.final, parsed.event);
    }
  }

  function failed(
    reason: FailureReason,
    error: unknown,
    context: RunContext<Platform>,
    message: AcceptedMessage,
    final: boolean,
    event?: unknown,
  ): RunOutcome {
    callHook("onError", () =>
      onError(error, new FailedRunContext(context, message, event, final) as ErrorContext<Platform, never>),
    );
    return { succeeded: false, final, reason, error };
  }

  function ended(
    message: AcceptedMessage,
    number: number,
    outcome: RunOutcome,
    durationInSeconds?: number,
  ): void {
    if (!observer) return;
    observe(observer, "runEnded", {
      message,
      run: number,
      ...(!outcome.succeeded && { failure: outcome }),
      ...(durationInSeconds !== undefined && { durationInSeconds }),
    });
  }

  return {
    run,
    interrupted(message, attempt, commitError) {
      const context = new RunContext<Platform>(message, attempt, undefined, timeoutInSeconds);
      if (commitError !== undefined) {
        ended(message, attempt.run, failed("handler_failed", commitError, context, message, attempt.final));
        return;
      }
      const error = new WebhookError("run_interrupted", `The process died during run ${attempt.run}.`, {
        hint: "Some of its effects may have happened: make callbacks idempotent (event.eventId is the key).",
      });
      ended(message, attempt.run, failed("run_interrupted", error, context, message, attempt.final));
    },
    invalid(message, error) {
      const context = new RunContext<Platform>(message, { run: 0, final: true }, undefined, timeoutInSeconds);
      ended(message, 0, failed("invalid_payload", error, context, message, true));
    },
  };
}
