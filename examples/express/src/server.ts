import { once } from "node:events";
import { app, webhooks } from "./app.ts";

const server = app.listen(process.env["PORT"] ?? 3000);
await once(server, "listening");
const address = server.address();
const port = typeof address === "object" ? address?.port : address;
console.log(`Receiving at http://localhost:${port}/webhooks/diffio`);

function stop(): void {
  // The receiver last: deliveries that are on their way still get their 200, and then their callbacks end.
  server.close(() => void webhooks.receiver.close().then(() => process.exit()));
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
