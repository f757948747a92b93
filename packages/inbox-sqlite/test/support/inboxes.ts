import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AcceptedMessage, DurableInbox, RunAttempt, RunOutcome } from "@diffio-webhooks/core";
import type { StoreInbox } from "@diffio-webhooks/core/inbox";
import { newMessageId } from "@diffio-webhooks/test-support/signing";
import { expect, onTestFinished } from "vitest";
import { type SqliteInboxOptions, sqliteInbox } from "../../src/index.ts";

/** A folder for the time of a test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "diffio-sqlite-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A path in a folder for the time of a test. */
export function newPath(): string {
  return join(folder(), "inbox.db");
}

/** An inbox that is closed when the test is over. */
export function open(path: string, options: Omit<SqliteInboxOptions, "path"> = {}): StoreInbox {
  const inbox = sqliteInbox({ path, backoffInSeconds: 0.05, closeTimeoutInSeconds: 0.1, ...options });
  onTestFinished(() => inbox.close());
  return inbox;
}

/** The file itself, as another program sees it. */
export function database(path: string): DatabaseSync {
  const opened = new DatabaseSync(path);
  onTestFinished(() => {
    if (opened.isOpen) opened.close();
  });
  return opened;
}

/** A message that no inbox has seen. */
export function message(more: Partial<AcceptedMessage> = {}): AcceptedMessage {
  return {
    receiver: "default",
    messageId: newMessageId(),
    timestamp: new Date(),
    rawBody: new TextEncoder().encode('{"eventType":"generation.completed"}'),
    eventType: "generation.completed",
    ...more,
  };
}

/** A run that a test ends. */
export interface OpenRun {
  readonly message: AcceptedMessage;
  readonly attempt: RunAttempt;
  end(outcome?: RunOutcome): void;
}

export const FAILED = (error: unknown, final = false): RunOutcome => ({
  succeeded: false,
  final,
  reason: "handler_failed",
  error,
});

/** Attaches a receiver whose runs the test looks at, and ends. */
export function attach(
  inbox: DurableInbox,
  name = "default",
): {
  readonly runs: OpenRun[];
  readonly interrupted: { messageId: string; run: number; final: boolean }[];
  readonly attachment: ReturnType<DurableInbox["attach"]>;
} {
  const runs: OpenRun[] = [];
  const interrupted: { messageId: string; run: number; final: boolean }[] = [];
  const attachment = inbox.attach({
    name,
    run: (one, attempt) =>
      new Promise((resolve) => {
        runs.push({ message: one, attempt, end: (outcome = { succeeded: true }) => resolve(outcome) });
      }),
    interrupted: ({ messageId }, { run, final }) => void interrupted.push({ messageId, run, final }),
  });
  return { runs, interrupted, attachment };
}

/** What a delivery comes to: "accepted", or the error that it is refused with. */
export async function refusal(inbox: DurableInbox, one: AcceptedMessage = message()): Promise<unknown> {
  return inbox.accept(one).then(
    () => "accepted",
    (error: unknown) => error,
  );
}

/** Matches the error of an inbox that cannot be used, by its hint. */
export function unavailable(hint: RegExp): unknown {
  return expect.objectContaining({
    name: "WebhookError",
    code: "inbox_unavailable",
    hint: expect.stringMatching(hint) as string,
  });
}

/** Waits until something is so: on a busy machine, for a while. */
export function eventually<Value>(look: () => Value | Promise<Value>): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(look, { timeout: 20_000 });
}
