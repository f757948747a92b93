import { once } from "node:events";
import { app, webhooks } from "./app.ts";

const server = app.listen(process.env["PORT"] ?? 3000);
await once(server, "listening");
const address = server.address();
const port = typeof address === "object" ? address?.port : address;
console.log(`Receiving at http://localhost:${port}/webhooks/diffio`);

async function stop(): Promise<void> {
  server.close();
  // Deliveries on connections that are still open are told 503, and come again. Runs may end, for closeTimeoutInSeconds
  // (10); those that go on are given back, for the next start. Then the file is closed.
  await webhooks.receiver.close();
  process.exit();
}
process.once("SIGTERM", () => void stop());
process.once("SIGINT", () => void stop());
