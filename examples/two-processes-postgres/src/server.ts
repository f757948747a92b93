import { once } from "node:events";
import { app, webhooks } from "./app.ts";

const server = app.listen(process.env["PORT"] ?? 3000);
await once(server, "listening");
const address = server.address();
const port = typeof address === "object" ? address?.port : address;
console.log(`Receiving at http://localhost:${port}/webhooks/diffio`);

function stop(): void {
  // Deliveries that come from here on get 503 and go to the other process, or come again. What runs may end, within
  // closeTimeoutInSeconds; what is left is run by the other process.
  void webhooks.receiver.close().then(() => {
    server.close(() => process.exit());
    server.closeIdleConnections();
  });
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
