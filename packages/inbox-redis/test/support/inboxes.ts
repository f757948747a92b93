import { randomUUID } from "node:crypto";
import type {
  AcceptedMessage,
  DurableInbox,
  InboxAttachment,
  RunAttempt,
  RunOutcome,
} from "@diffio-webhooks/core";
import { type RedisServer, startRedis } from "@diffio-webhooks/test-support/redis";
import { newMessageId } from "@diffio-webhooks/test-support/signing";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { type RedisInboxOptions, redisInbox } from "../../src/index.ts";

/** A Redis for the tests of a file. */
export function useRedis(settings: readonly string[] = []): {
  readonly server: RedisServer;
  freshUrl(): string;
} {
  let server: RedisServer | undefined;
  beforeAll(async () => {
    server = await startRedis(settings);
  });
  afterAll(() => server?.remove());
  return {
    get server() {
      if (!server) throw new Error("Redis is not started yet.");
      return server;
    },
    /** An empty store. */
    freshUrl() {
      return `${this.server.url}?keyPrefix=${randomUUID()}:`;
    },
  };
}

/** An inbox with short times, closed when the test is over. */
export function openInbox(options: RedisInboxOptions): DurableInbox {
  const inbox = redisInbox({
    maxRuns: 3,
    backoffInSeconds: 0.05,
    leaseInSeconds: 1,
    closeTimeoutInSeconds: 0.2,
    ...options,
  });
  onTestFinished(() => inbox.close());
  return inbox;
}

/** A message as a receiver hands it in. */
export function message(more: Partial<AcceptedMessage> = {}): AcceptedMessage {
  return {
    receiver: "default",
    messageId: newMessageId(),
    timestamp: new Date(1_700_000_000_000),
    rawBody: Buffer.from("{}"),
    eventType: "generation.queued",
    ...more,
  };
}

/** A run that took place. */
export interface Ran extends AcceptedMessage, RunAttempt {}

/** Attaches a receiver that keeps what it was told. A run that throws or rejects has failed. */
export function attach(
  inbox: DurableInbox,
  run: (ran: Ran) => unknown = () => {},
  name = "default",
): InboxAttachment & { readonly ran: Ran[]; readonly interrupted: Ran[] } {
  const ran: Ran[] = [];
  const interrupted: Ran[] = [];
  const attachment = inbox.attach({
    name,
    async run(accepted, attempt): Promise<RunOutcome> {
      const one = { ...accepted, ...attempt };
      ran.push(one);
      try {
        await run(one);
        return { succeeded: true };
      } catch (error) {
        return { succeeded: false, final: attempt.final, reason: "handler_failed", error };
      }
    },
    interrupted: (accepted, attempt) => void interrupted.push({ ...accepted, ...attempt }),
  });
  return Object.assign(attachment, { ran, interrupted });
}
