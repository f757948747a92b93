import { SECRET } from "./signing.ts";

/** What is looked at of an error that tells why a delivery was refused. Not core's own type: core's tests use us. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Options that any receiver takes. */
export interface RecorderOptions {
  signingSecret: string;
  onAny: (event: unknown, context: { readonly messageId: string }) => void;
  onRejected: (error: Refusal) => void;
}

/** Options that keep what happens, and where they keep it. */
export function recorder(): {
  readonly runs: string[];
  readonly refusals: Refusal[];
  readonly options: RecorderOptions;
} {
  const runs: string[] = [];
  const refusals: Refusal[] = [];
  return {
    runs,
    refusals,
    options: {
      signingSecret: SECRET,
      onAny: (_event, { messageId }) => void runs.push(messageId),
      onRejected: (error) => void refusals.push(error),
    },
  };
}
