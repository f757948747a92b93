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
export function logFailedRun(error: unknown, failed: FailedRun): void {
  console.error(`${PREFIX} ${failedRunText(failed)}:`, error);
}

/** A failed run in words. */
export function failedRunText({ messageId, eventType, run, final }: FailedRun): string {
  const next = final ? "it will not be retried" : "it will be retried";
  const what = eventType === undefined ? messageId : `${messageId} (${printable(eventType)})`;
  // Run 0: it was never run.
  return run === 0
    ? `${what} is not a valid event and was added to the dead letters`
    : `run ${run} of ${what} failed; ${next}`;
}

/** The default of `onRejected`: the first refusal of each code, so that a flood does not fill the log. */
export function firstRefusalLogger(): (error: WebhookError) => void {
  const isFirst = firstOfItsCode();
  return (error) => {
    if (!isFirst(error)) return;
    const { cause } = error;
    console.warn(
      `${PREFIX} ${refusalText(error)} (Further ones with this code are not shown; set onRejected to see them all.)`,
      // A WebhookError's message and hint are part of the text already.
      ...(cause === undefined || cause instanceof WebhookError ? [] : [cause]),
    );
  };
}

/** Makes the function that says whether an error is the first of its code. */
export function firstOfItsCode(): (error: WebhookError) => boolean {
  const seen = new Set<string>();
  return ({ code }) => !seen.has(code) && Boolean(seen.add(code));
}

/** A refusal in words, its hint included. */
export function refusalText({ code, status, message, hint }: WebhookError): string {
  return `refused a delivery with ${status} ${code}: ${message}${hint ? ` ${hint}` : ""}`;
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
