// The types of @hono/node-server need those of a browser, through Hono's own for WebSockets.
import type { AddressInfo } from "node:net";
import { PATH } from "@diffio-webhooks/test-support/deliveries";
import { type ServerType, serve } from "@hono/node-server";
import { onTestFinished } from "vitest";

/** Serves the app on @hono/node-server until the test is over; resolves with the URL of {@link PATH}. */
export async function listen(app: {
  fetch: (request: Request, env: never) => Response | Promise<Response>;
}): Promise<string> {
  const server = await new Promise<ServerType>((resolve) => {
    const started = serve({ fetch: app.fetch as never, port: 0, hostname: "127.0.0.1" }, () =>
      resolve(started),
    );
  });
  onTestFinished(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
}
