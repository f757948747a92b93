import { setTimeout as sleep } from "node:timers/promises";
import { diffioWebhooks } from "@diffio-webhooks/express";
import { sqliteInbox } from "@diffio-webhooks/inbox-sqlite";
import express, { type Express } from "express";

export const app: Express = express();

const inbox = sqliteInbox({
  // On a local disk that outlives the process; in a container, on a volume.
  path: process.env["INBOX_PATH"] ?? "inbox.db",
  // A run whose process died is taken over after this time. Runs may take longer: they renew it.
  leaseInSeconds: 5,
});

// The signing secret is taken from the environment variable DIFFIO_WEBHOOK_SECRET.
export const webhooks = diffioWebhooks({
  inbox,
  on: {
    "generation.completed": async ({ generationId, modelKey }, { run }) => {
      console.log(`run ${run} of ${generationId}`);
      await sleep(500); // In place of your own work, which should be safe to repeat: event.eventId is its key.
      console.log(`completed ${generationId} (${modelKey})`);
    },
    "generation.failed": ({ generationId, error }) => {
      console.log(`failed ${generationId}: ${error}`);
    },
  },
});

// Before express.json(): the signature is over the raw bytes.
app.post("/webhooks/diffio", webhooks);

// For a dashboard. Keep it away from the public.
app.get("/inbox", async (_req, res) => {
  res.json(await inbox.counts());
});

app.use(express.json());
app.post("/generations", (req, res) => {
  res.status(201).json({ name: req.body.name });
});
