import type { Deliveries } from "./deliveries.ts";
import { SimulatorError, notFound } from "./errors.ts";
import { findMessage, toAttempt } from "./messages.ts";
import type { Store } from "./store.ts";
import { endpointsFor } from "./test-events.ts";
import type { Attempt } from "./types.ts";

/** Options of a resend. */
export interface ResendOptions {
  /** Default: every enabled endpoint that wants the message. */
  endpointId?: string | undefined;
}

/** Makes the function that sends a message once more, by hand: the same id, one attempt, no retries after it. */
export function createResend({
  store,
  deliveries,
}: {
  store: Store;
  deliveries: Deliveries;
}): (messageId: string, options?: ResendOptions) => Promise<Attempt[]> {
  return async function resend(messageId, { endpointId } = {}) {
    const message = findMessage(store, messageId);
    const ids =
      endpointId === undefined
        ? endpointsFor(store, message).flatMap(({ id, disabledBecause }) =>
            disabledBecause === null ? [id] : [],
          )
        : [endpointId];
    if (endpointId !== undefined && !store.get("endpoint", endpointId))
      throw notFound("endpoint", endpointId, "endpoints.list() names those that there are.");
    if (ids.length === 0) {
      throw new SimulatorError(
        "not_found",
        "No enabled endpoint wants this message.",
        "Add one or enable it, or name an endpointId.",
      );
    }
    const attempts = await Promise.all(ids.map((id) => deliveries.attemptByHand(message, id)));
    return attempts.map(toAttempt);
  };
}
