import { setTimeout as sleep } from "node:timers/promises";
import { diffioWebhooks } from "@diffio-webhooks/fastify";
import fastify from "fastify";

export const app = fastify();

// The signing secret is taken from the environment variable DIFFIO_WEBHOOK_SECRET.
await app.register(diffioWebhooks, {
  path: "/webhooks/diffio",
  on: {
    "generation.completed": async ({ generationId, modelKey }) => {
      await sleep(500); // In place of your own work. The sender already has its 200.
      console.log(`completed ${generationId} (${modelKey})`);
    },
    "generation.failed": ({ generationId, error }) => {
      console.log(`failed ${generationId}: ${error}`);
    },
  },
});

app.post<{ Body: { name: string } }>("/generations", (request, reply) => {
  reply.code(201).send({ name: request.body.name });
});
