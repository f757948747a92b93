import { serve } from "@hono/node-server";
import { app, webhooks } from "./app.ts";

const server = serve({ fetch: app.fetch, port: Number(process.env["PORT"] ?? 3000) }, ({ port }) => {
  console.log(`Receiving at http://localhost:${port}/webhooks/diffio`);
});

function stop(): void {
  // The receiver last: deliveries that are on their way still get their 200, and then their callbacks end.
  server.close(() => void webhooks.receiver.close().then(() => process.exit()));
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
