import type { WebhookError } from "../errors.ts";

/** What an adapter answers: nothing in it comes from the delivery. */
export interface Reply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, in ASCII. */
  readonly body: string;
  /**
   * The runs of this delivery: resolves, never rejects, when the message is done or abandoned. For `waitUntil` on
   * platforms that stop a process once its replies are sent.
   */
  readonly runs?: Promise<unknown> | undefined;
}

/** When the sender should try again after a 503, in seconds; it waits at least its own planned delay. */
const RETRY_AFTER_SECONDS = 5;
const JSON_HEADERS = { "content-type": "application/json" };
const RECEIVED = '{"received":true}';

/** 200: safely accepted. */
export function receivedReply(runs?: Promise<unknown>): Reply {
  return { status: 200, headers: JSON_HEADERS, body: RECEIVED, runs };
}

/**
 * Only the code: messages and hints are for the developer, not for the client.
 *
 * @param options.keepsConnection false where the rest of the body is not waited for: the connection ends then.
 */
export function refusalReply(
  { code, status }: WebhookError,
  { keepsConnection }: { keepsConnection: boolean },
): Reply {
  return {
    status,
    headers: {
      ...JSON_HEADERS,
      ...(status === 405 && { allow: "POST" }),
      ...(status === 503 && { "retry-after": String(RETRY_AFTER_SECONDS) }),
      ...(!keepsConnection && { connection: "close" }),
    },
    body: `{"error":"${code}"}`,
  };
}
