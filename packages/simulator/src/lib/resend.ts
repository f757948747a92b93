import type { Deliveries } from "./deliveries.ts";
import { SimulatorError } from "./errors.ts";
import { toAttempt } from "./messages.ts";
import type { MessageRecord } from "./records.ts";
import { type Store, findMessage } from "./store.ts";
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
    const ids = endpointId === undefined ? enabledEndpointsFor(message) : [endpointId];
    const attempts = await Promise.all(ids.map((id) => deliveries.attemptByHand(message, id)));
    return attempts.map(toAttempt);
  };
  function enabledEndpointsFor(message: MessageRecord): string[] {
    const wanting = endpointsFor(store, message);
    const enabled = wanting.filter(({ disabledBecause }) => disabledBecause === null);
    if (enabled.length > 0) return enabled.map(({ id }) => id);
    throw wanting.length > 0
      ? new SimulatorError("endpoint_disabled", "The message's endpoints are disabled.", "Enable one first.")
      : new SimulatorError("not_found", "No endpoint wants this message.", "Add one, or name an endpointId.");
  }
}
