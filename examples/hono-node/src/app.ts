import { setTimeout as sleep } from "node:timers/promises";
import { diffioWebhooks } from "@diffio-webhooks/hono";
import { Hono } from "hono";

export const app = new Hono();

// The signing secret is taken from the environment variable DIFFIO_WEBHOOK_SECRET.
export const webhooks = diffioWebhooks({
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

app.post("/webhooks/diffio", webhooks);

app.post("/generations", async (c) => {
  const { name } = await c.req.json<{ name: string }>();
  return c.json({ name }, 201);
});
