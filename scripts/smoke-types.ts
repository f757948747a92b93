// Type-checked in a project that has only the published packages, by old and new compilers and resolutions.
import { asymmetricKey } from "@diffio-webhooks/core/asymmetric";
import { createReceiver, defineEvents, type DiffioEvent } from "@diffio-webhooks/core";
import { diagnose } from "@diffio-webhooks/core/diagnose";
import { createFetchHandler } from "@diffio-webhooks/core/fetch";
import { checkDurableInboxOptions } from "@diffio-webhooks/core/inbox";
import { generationEventSchema } from "@diffio-webhooks/core/schemas";
import { sampleEvent, signMessage } from "@diffio-webhooks/core/testing";
import { diffioWebhooks as expressWebhooks, memoryInbox, type WebhookError } from "@diffio-webhooks/express";
import { diffioWebhooks as fastifyWebhooks } from "@diffio-webhooks/fastify";
import { diffioWebhooks as honoWebhooks } from "@diffio-webhooks/hono";
import { postgresInbox } from "@diffio-webhooks/inbox-postgres";
import { redisInbox } from "@diffio-webhooks/inbox-redis";
import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
import { startSimulator } from "@diffio-webhooks/simulator";
import { createSimulatorClient } from "@diffio-webhooks/simulator/client";

/** A union that narrows by itself. */
export function subjectOf(event: DiffioEvent): string | null {
  if (event.eventType === "generation.failed") return event.error;
  switch (event.eventType) {
    case "generation.completed":
      return event.generationId;
    default:
      return null;
  }
}

export const codeOf = ({ code }: WebhookError): string => code;

export const events = defineEvents({
  typeField: "type",
  types: { a: { "~standard": { version: 1, vendor: "x", validate: () => ({ value: { id: 1 } }) } } },
});

export const handler = createFetchHandler({
  signingSecret: asymmetricKey("whpk_"),
  events,
  on: { a: (event, { platform }) => [event.id.toFixed(), event.type, platform?.request.url] },
});

export const all = [
  createReceiver,
  diagnose,
  checkDurableInboxOptions,
  generationEventSchema,
  sampleEvent,
  signMessage,
  expressWebhooks,
  memoryInbox,
  fastifyWebhooks,
  honoWebhooks,
  postgresInbox,
  redisInbox,
  sqliteInbox,
  startSimulator,
  createSimulatorClient,
];
