import { app } from "./app.ts";

const url = await app.listen({ port: Number(process.env["PORT"] ?? 3000) });
console.log(`Receiving at ${url}/webhooks/diffio`);

function stop(): void {
  // The plugin's onClose waits for callbacks that still run.
  void app.close().then(() => process.exit());
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
