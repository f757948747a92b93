import { once } from "node:events";
import { app, webhooks } from "./app.ts";

const server = app.listen(process.env["PORT"] ?? 3000);
await once(server, "listening");
const address = server.address();
const port = typeof address === "object" ? address?.port : address;
console.log(`Receiving at http://localhost:${port}/webhooks/diffio`);

async function stop(): Promise<void> {
  // Deliveries that come from here on are told 503 with Retry-After, and come again. Runs may end, for
  // closeTimeoutInSeconds (10); those that go on are given back, for the next start. Then the file is closed.
  await webhooks.receiver.close();
  server.close(() => process.exit());
}
process.once("SIGTERM", () => void stop());
process.once("SIGINT", () => void stop());
