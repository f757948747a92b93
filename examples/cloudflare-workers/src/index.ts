import { diffioWebhooks } from "@diffio-webhooks/hono";
import { Hono } from "hono";

const app = new Hono();

app.post(
  "/webhooks/diffio",
  // The signing secret is taken from c.env.DIFFIO_WEBHOOK_SECRET.
  diffioWebhooks({
    on: {
      "generation.completed": async ({ generationId, modelKey }) => {
        await sleep(500); // In place of your own work. The sender already has its 200.
        console.log(`completed ${generationId} (${modelKey})`);
      },
      "generation.failed": ({ generationId, error }) => {
        console.log(`failed ${generationId}: ${error}`);
      },
    },
  }),
);

app.post("/generations", async (c) => {
  const { name } = await c.req.json<{ name: string }>();
  return c.json({ name }, 201);
});

export default app;

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
