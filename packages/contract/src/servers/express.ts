/** Express 4 and 5, told apart by the type of the app that they make: `createExpressServer(express)`. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { diffioWebhooks } from "@diffio-webhooks/express";
import type express from "express";
import { PATHS, createFixture } from "./fixture.ts";
import { tellPort } from "./listening.ts";
import { blockUntilReplied } from "./node-block.ts";

/** Starts the fixture on the given version of Express. */
export function serveExpress(framework: typeof express): void {
  const fixture = createFixture(blockUntilReplied);
  const app = framework();
  app.use(PATHS.parsed, framework.json({ type: () => true, strict: false }));
  app.use(PATHS.kept, framework.raw({ type: () => true }));
  for (const path of Object.values(PATHS)) {
    const webhooks = diffioWebhooks(fixture.optionsFor(path));
    fixture.watch(webhooks.receiver);
    app.use(path, webhooks);
  }
  app.get("/ledger", (_req, res, next) => {
    fixture.ledgerWhenIdle().then((ledger) => res.json(ledger), next);
  });
  app.get("/ledger/now", (_req, res) => void res.json(fixture.ledger));
  const server = createServer(app);
  server.listen(0, "127.0.0.1", () => tellPort((server.address() as AddressInfo).port));
}
