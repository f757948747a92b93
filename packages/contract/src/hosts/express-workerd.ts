/** Express on Cloudflare Workers: Node's HTTP server, as workerd has it. */
import { httpServerHandler } from "cloudflare:node";
import { waitUntil } from "cloudflare:workers";
import { createServer } from "node:http";
import { diffioWebhooks } from "@diffio-webhooks/express";
import express from "express";
import { PATHS, createFixture } from "../servers/fixture.ts";

const fixture = createFixture(() => undefined);
const app = express();
for (const path of [PATHS.plain, PATHS.afterHandlers]) {
  const webhooks = diffioWebhooks({ ...fixture.optionsFor(path), waitUntil: (runs) => waitUntil(runs) });
  fixture.watch(webhooks.receiver);
  app.post(path, webhooks);
}
app.get("/ledger", (_req, res, next) => {
  fixture.ledgerWhenIdle().then((ledger) => res.json(ledger), next);
});
const server = createServer(app);
server.listen(8080);

export default httpServerHandler({ port: 8080 });
