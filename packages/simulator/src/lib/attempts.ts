import type { SimulatedClock } from "./clock.ts";
import { newId } from "./ids.ts";
import { makeRequest } from "./outgoing.ts";
import type { AttemptRecord, EndpointRecord, MessageRecord } from "./records.ts";
import { DISABLED_AFTER_MS } from "./schedule.ts";
import { send } from "./send.ts";
import type { Store } from "./store.ts";

/** What attempts are made with. */
export interface AttemptTools {
  readonly store: Store;
  readonly clock: SimulatedClock;
  readonly timeoutInMs: number;
  /** Ends what is on its way when the simulator closes. */
  readonly signal: AbortSignal;
}

/** Whether an attempt was a success: any 2xx. */
export function hasSucceeded({ statusCode, error }: Pick<AttemptRecord, "statusCode" | "error">): boolean {
  return error === null && statusCode !== null && statusCode >= 200 && statusCode < 300;
}

/**
 * Sends a message to an endpoint once (a duplicate, twice at the same moment), records what came of it, and disables
 * an endpoint that has failed for 5 days. Gives nothing when the simulator was closed meanwhile: then the attempt is
 * not recorded, and is made again after a restart.
 */
export async function makeAttempt(
  { store, clock, timeoutInMs, signal }: AttemptTools,
  message: MessageRecord,
  endpoint: EndpointRecord,
  trigger: AttemptRecord["trigger"],
): Promise<readonly AttemptRecord[]> {
  // By hand, the message is sent as it should have been.
  const fault = trigger === "manual" ? null : message.fault;
  const at = clock.now();
  const request = makeRequest(message, endpoint, fault, at);
  const copies = fault === "duplicate" ? [request, request] : [request];
  const results = await Promise.all(copies.map((copy) => send(copy, timeoutInMs, signal)));
  if (signal.aborted) return [];
  const attempts = results.map((result): AttemptRecord => {
    return {
      id: newId("atmpt"),
      messageId: message.id,
      endpointId: endpoint.id,
      url: request.url,
      at,
      trigger,
      fault,
      requestHeaders: request.headers,
      requestBytes: request.body.length,
      ...result,
    };
  });
  for (const attempt of attempts) store.save("attempt", attempt);
  noteOutcome(attempts.some(hasSucceeded));
  return attempts;

  function noteOutcome(succeeded: boolean): void {
    // As it is now: it may have been changed, or removed, meanwhile.
    const current = store.get("endpoint", endpoint.id);
    if (!current) return;
    const now = clock.now();
    const failingSince = succeeded ? null : (current.failingSince ?? now);
    const isTooLong = failingSince !== null && now - failingSince >= DISABLED_AFTER_MS;
    const disabledBecause = current.disabledBecause ?? (isTooLong ? "failing" : null);
    if (failingSince === current.failingSince && disabledBecause === current.disabledBecause) return;
    store.save("endpoint", { ...current, failingSince, disabledBecause });
  }
}
