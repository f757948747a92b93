import { setTimeout as sleep } from "node:timers/promises";
import { diffioWebhooks } from "@diffio-webhooks/express";
import express, { type Express } from "express";

export const app: Express = express();

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

// Before express.json(): the signature is over the raw bytes.
app.post("/webhooks/diffio", webhooks);

app.use(express.json());
app.post("/generations", (req, res) => {
  res.status(201).json({ name: req.body.name });
});
