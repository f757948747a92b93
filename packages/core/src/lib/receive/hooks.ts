import { WebhookError } from "../errors.ts";
import { printable } from "../printable.ts";
import { freezingHost } from "./host.ts";

const PREFIX = "[diffio-webhooks]";

/** What is logged of a failed run: never the body. */
interface FailedRun {
  readonly messageId: string;
  readonly eventType?: string | undefined;
  readonly run: number;
  readonly final: boolean;
}

/** The default of `onError`: no failure goes unnoticed. */
export function logFailedRun(error: unknown, { messageId, eventType, run, final }: FailedRun): void {
  const next = final ? "it will not be retried" : "it will be retried";
  const what = eventType === undefined ? messageId : `${messageId} (${printable(eventType)})`;
  // Run 0: it was never run.
  const happened =
    run === 0
      ? `${what} is not a valid event and was added to the dead letters`
      : `run ${run} of ${what} failed; ${next}`;
  console.error(`${PREFIX} ${happened}:`, error);
}

/** The default of `onRejected`: the first refusal of each code, so that a flood does not fill the log. */
export function firstRefusalLogger(): (error: WebhookError) => void {
  const seen = new Set<string>();
  return ({ code, status, message, hint, cause }) => {
    if (seen.has(code)) return;
    seen.add(code);
    console.warn(
      `${PREFIX} refused a delivery with ${status} ${code}: ${message}${hint ? ` ${hint}` : ""} ` +
        "(Further ones with this code are not shown; set onRejected to see them all.)",
      // A WebhookError's message and hint are part of the text already.
      ...(cause === undefined || cause instanceof WebhookError ? [] : [cause]),
    );
  };
}

/** Warns if the host may freeze or end the process before acknowledged messages have run, and nothing prevents it. */
export function warnOfFreezingHost(): void {
  const host = freezingHost();
  if (!host) return;
  console.warn(
    `${PREFIX} ${host.name} may stop this process once the reply is sent, and acknowledged messages are then lost. ` +
      host.hint,
  );
}

/** Calls a user's hook. Its errors change nothing, but they are logged. */
export function callHook(name: string, hook: () => unknown): void {
  try {
    const result = hook();
    if (isThenable(result)) result.then(undefined, (error: unknown) => logFailedHook(name, error));
  } catch (error) {
    logFailedHook(name, error);
  }
}

function logFailedHook(name: string, error: unknown): void {
  console.error(`${PREFIX} the hook ${name} failed:`, error);
}

/** Whether the value is a promise, or acts like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
