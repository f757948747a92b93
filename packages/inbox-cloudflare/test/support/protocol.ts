import type { DurableInboxOptions } from "@diffio-webhooks/core/inbox";

/** How the Worker is made. */
export interface WorkerConfig {
  readonly signingSecret: string;
  readonly receivers: readonly string[];
  readonly inbox: DurableInboxOptions & { readonly queue?: string; readonly object?: string };
}

/** What goes wrong. */
export interface Faults {
  readonly queueRefuses?: boolean;
  readonly queueMessagesAreLost?: boolean;
  readonly renewalsAreLost?: boolean;
}

/** What the Worker tells of what it did. */
export type LogEntry =
  | {
      readonly what: "started";
      readonly messageId: string;
      readonly run: number;
      readonly bytes: number;
      readonly hash: string;
    }
  | { readonly what: "ended" | "aborted"; readonly messageId: string; readonly run: number }
  | {
      readonly what: "failed";
      readonly messageId: string;
      readonly run: number;
      readonly final: boolean;
      readonly code: string;
    }
  | { readonly what: "rejected"; readonly code: string; readonly hint: string; readonly cause: string }
  | { readonly what: "queued"; readonly body: unknown; readonly attempts: number };
