import { setTimeout as sleep } from "node:timers/promises";
import { diffioWebhooks } from "@diffio-webhooks/express";
import { postgresInbox } from "@diffio-webhooks/inbox-postgres";
import express, { type Express } from "express";

export const app: Express = express();

// The signing secret is taken from the environment variable DIFFIO_WEBHOOK_SECRET.
export const webhooks = diffioWebhooks({
  inbox: postgresInbox({
    connectionString: process.env["DATABASE_URL"] ?? "postgres://localhost:5432/postgres",
  }),
  on: {
    "generation.completed": async ({ generationId }, { run }) => {
      await sleep(50); // In place of your own work. The sender already has its 200.
      console.log(`completed ${generationId} (run ${run})`);
    },
  },
});

app.post("/webhooks/diffio", webhooks);
