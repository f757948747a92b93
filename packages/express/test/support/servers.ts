import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PATH } from "@diffio-webhooks/test-support/deliveries";
import type { Express } from "express";
import express from "express";
import express4 from "express4";
import { onTestFinished } from "vitest";

/** The versions that all tests are for. */
export const VERSIONS = [
  { version: "express 5", framework: express },
  { version: "express 4", framework: express4 },
];

/** Serves the app until the test is over. */
export async function listen(app: Express): Promise<{ url: string; server: Server }> {
  const server = createServer(app);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`, server };
}
