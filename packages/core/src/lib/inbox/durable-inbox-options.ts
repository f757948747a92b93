import { type BackoffInSeconds, backoffDelays } from "./backoff.ts";
import { checkNumber, checkSeconds, invalidOption } from "../options.ts";

/** Options of every durable inbox, besides where its engine is. */
export interface DurableInboxOptions {
  /** Runs before a message is a dead letter; a run that died with its process counts. Default 8. */
  maxRuns?: number | undefined;
  /**
   * The delay before run 2, doubled for each further run up to an hour; or a list; or a function of the run. Default 5.
   */
  backoffInSeconds?: BackoffInSeconds | undefined;
  /** Runs at once in this process. Default 10. */
  concurrency?: number | undefined;
  /**
   * After this time, a run whose process died is taken over. Renewed while the run goes on, however long it takes.
   * Default 60.
   */
  leaseInSeconds?: number | undefined;
  /**
   * How long a message is known, so that a resend of it runs nothing; dead letters are kept as long from their death.
   * The sender recovers up to 14 days back. Default 30.
   */
  keepIdsInDays?: number | undefined;
  /** How long the bytes of handled and discarded messages are kept. Default 7. */
  keepBodiesInDays?: number | undefined;
  /**
   * `"subject"`: messages about one subject (Diffio's generation) run one at a time, in the order in which they were
   * accepted. One that waits for its retry holds those behind it; a dead one lets them go. Default: no order.
   */
  serialBy?: "subject" | undefined;
  /** When a receiver closes: how long its runs may go on before they are aborted and released. Default 10. */
  closeTimeoutInSeconds?: number | undefined;
}

/** The checked options, with defaults applied. */
export interface CheckedDurableInboxOptions {
  readonly maxRuns: number;
  /** The delay before a run (2 or more), in seconds. */
  readonly delayBefore: (run: number) => number;
  readonly concurrency: number;
  readonly leaseInSeconds: number;
  readonly keepIdsInDays: number;
  readonly keepBodiesInDays: number;
  readonly closeTimeoutInSeconds: number;
  readonly isSerial: boolean;
}

/**
 * Checks the options that all durable inboxes share.
 *
 * @throws WebhookError `invalid_option`
 */
export function checkDurableInboxOptions(options: DurableInboxOptions): CheckedDurableInboxOptions {
  return {
    maxRuns: checkNumber("maxRuns", options.maxRuns, { default: 8, min: 1, max: 1000, integer: true }),
    delayBefore: backoffDelays(options.backoffInSeconds, 5),
    concurrency: checkNumber("concurrency", options.concurrency, { default: 10, min: 1, integer: true }),
    leaseInSeconds: checkSeconds("leaseInSeconds", options.leaseInSeconds, { default: 60, min: 1 }),
    keepIdsInDays: checkNumber("keepIdsInDays", options.keepIdsInDays, { default: 30, min: 1e-6 }),
    keepBodiesInDays: checkNumber("keepBodiesInDays", options.keepBodiesInDays, { default: 7 }),
    closeTimeoutInSeconds: checkSeconds("closeTimeoutInSeconds", options.closeTimeoutInSeconds, {
      default: 10,
    }),
    isSerial: checkSerialBy(options.serialBy),
  };
}

function checkSerialBy(serialBy: unknown): boolean {
  if (serialBy === undefined || serialBy === "subject") return serialBy === "subject";
  throw invalidOption('serialBy is not "subject".', 'Pass "subject", or leave it out.');
}

/**
 * The check of an inbox whose engine cannot keep an order.
 *
 * @throws WebhookError `invalid_option`
 */
export function refuseSerialBy({ serialBy }: DurableInboxOptions, engine: string): void {
  if (serialBy === undefined) return;
  throw invalidOption(
    `serialBy does not work with ${engine}, which decides by itself what runs when.`,
    "Use sqliteInbox() or postgresInbox(), or make callbacks independent of the order: compare event.createdAt.",
  );
}
