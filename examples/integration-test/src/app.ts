import { type ExpressWebhooksHandler, diffioWebhooks } from "@diffio-webhooks/express";
import express, { type Express } from "express";

/** What the app knows of its generations, by their ids. */
export type Generations = Map<string, "ready" | "failed">;

/** An app that keeps track of generations by webhook, and tells of them by an ordinary route. */
export function createApp(
  signingSecret: string,
  generations: Generations,
): { app: Express; webhooks: ExpressWebhooksHandler } {
  const app = express();
  const webhooks = diffioWebhooks({
    signingSecret,
    on: {
      "generation.completed": ({ generationId }) => void generations.set(generationId, "ready"),
      "generation.failed": ({ generationId }) => void generations.set(generationId, "failed"),
    },
    // The test looks at the sender's side; an app of yours would log it.
    onRejected: () => {},
  });
  app.post("/webhooks/diffio", webhooks);
  app.use(express.json());
  app.get("/generations/:id", (req, res) => {
    res.json({ state: generations.get(req.params.id) ?? "unknown" });
  });
  return { app, webhooks };
}
