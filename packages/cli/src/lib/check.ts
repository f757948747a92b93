/** How a check ended. A warning is no failure: deliveries may arrive all the same. */
export type CheckStatus = "ok" | "warning" | "failed" | "skipped";

/** One line of `doctor`. */
export interface Check {
  readonly check: string;
  readonly status: CheckStatus;
  /** What was seen. */
  readonly detail: string;
  /** What to do about it. */
  readonly hint?: string;
}
