/** HTTP status of the reply that each code stands for. */
const STATUS = {
  method_not_allowed: 405,
  receiver_closed: 503,
  receiver_busy: 503,
  unsupported_content_encoding: 415,
  missing_header: 400,
  invalid_header: 400,
  invalid_timestamp: 400,
  timestamp_too_old: 400,
  timestamp_too_new: 400,
  invalid_signature_header: 400,
  body_too_large: 413,
  body_incomplete: 400,
  body_timeout: 408,
  body_already_parsed: 500,
  no_matching_signature: 400,
  secret_unavailable: 500,
  invalid_payload: 400,
  inbox_unavailable: 503,
  handler_failed: 500,
  handler_timeout: 500,
  run_interrupted: 500,
  dead_letter_not_found: 404,
  message_not_found: 404,
  invalid_secret: 500,
  invalid_option: 500,
} as const;

/** Every way in which a delivery is refused, a run fails, or an option is wrong. */
export type WebhookErrorCode = keyof typeof STATUS;

/** What a {@link WebhookError} may carry besides its code and message. */
export interface WebhookErrorOptions {
  /** How to fix it, for the developer. */
  hint?: string | undefined;
  /** The error underneath. */
  cause?: unknown;
}

/**
 * The one error class of this project. Distinguish errors by `code`; messages may change.
 *
 * Neither `message` nor `hint` ever holds a secret, a signature or a body, and neither is sent in a reply: a
 * refused client sees only `{"error":"<code>"}`.
 */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
  /** What went wrong. */
  readonly code: WebhookErrorCode;
  /** The HTTP status that answers it. */
  readonly status: number;
  /** How to fix it, if there is something a developer can do. */
  readonly hint?: string;

  constructor(code: WebhookErrorCode, message: string, { hint, cause }: WebhookErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = STATUS[code];
    if (hint !== undefined) this.hint = hint;
  }
}
