import {
  type HandlerContext,
  type Receiver,
  type Reply,
  type WebhookError,
  createReceiver,
} from "@diffio-webhooks/core";
import type { StoreInbox } from "@diffio-webhooks/core/inbox";
import { type SignedDelivery, signed } from "@diffio-webhooks/test-support/deliveries";
import { SECRET } from "@diffio-webhooks/test-support/signing";
import { onTestFinished } from "vitest";
import { type PostgresInboxOptions, postgresInbox } from "../../src/index.ts";

/** A run, as its callback saw it. */
export interface SeenRun {
  readonly messageId: string;
  readonly run: number;
  readonly context: HandlerContext;
}

/** A receiver on an inbox, and what happened to it. */
export interface TestReceiver {
  readonly inbox: StoreInbox;
  readonly receiver: Receiver;
  readonly runs: SeenRun[];
  readonly errors: { readonly error: unknown; readonly run: number; readonly final: boolean }[];
  readonly refusals: WebhookError[];
  /** Hands in a delivery. */
  receive(delivery?: SignedDelivery): Promise<Reply>;
}

/** Short times: the rules are the same for long ones. */
const SHORT = { backoffInSeconds: 0.05, leaseInSeconds: 2, closeTimeoutInSeconds: 2, maxRuns: 3 };

/** Opens an inbox that is closed when the test is over. */
export function open(options: PostgresInboxOptions): StoreInbox {
  const inbox = postgresInbox({ ...SHORT, ...options });
  onTestFinished(() => inbox.close());
  return inbox;
}

/** Makes a receiver on an inbox of its own. */
export function receiverOn(
  options: PostgresInboxOptions,
  { onAny = () => {}, name = "default" }: { onAny?: (run: SeenRun) => unknown; name?: string } = {},
): TestReceiver {
  const inbox = open(options);
  const runs: SeenRun[] = [];
  const errors: TestReceiver["errors"] = [];
  const refusals: WebhookError[] = [];
  const receiver = createReceiver({
    name,
    inbox,
    signingSecret: SECRET,
    onAny(_event, context) {
      const seen = { messageId: context.messageId, run: context.run, context };
      runs.push(seen);
      return onAny(seen);
    },
    onError: (error, { run, final }) => void errors.push({ error, run, final }),
    onRejected: (error) => void refusals.push(error),
  });
  return {
    inbox,
    receiver,
    runs,
    errors,
    refusals,
    receive: ({ headers, body } = signed()) =>
      receiver.receive({ method: "POST", headers, body: Buffer.from(body) }),
  };
}
