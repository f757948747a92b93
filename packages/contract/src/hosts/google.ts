/** Google Cloud Functions: the framework reads and parses the body, and keeps the bytes in `rawBody`. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type HttpFunction, http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { getRequestListener } from "@hono/node-server";
import { send } from "../http.ts";
import { expressApp, fastifyApp, honoApp } from "./apps.ts";
import type { Host } from "./host.ts";

let functions = 0;

function functionHost(
  name: string,
  start: (options: Parameters<Host["start"]>[0]) => Promise<{
    handle: HttpFunction;
    receiver: Awaited<ReturnType<Host["start"]>>["receiver"];
  }>,
): Host {
  return {
    name: `${name} on @google-cloud/functions-framework`,
    async start(options) {
      const { handle, receiver } = await start(options);
      const target = `function${(functions += 1)}`;
      http(target, handle);
      const server = getTestServer(target).listen(0, "127.0.0.1");
      await once(server, "listening");
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      return {
        receiver,
        deliver: (request) => send(origin, request),
        stop: () => void server.close(),
      };
    },
  };
}

export const GOOGLE_HOSTS: readonly Host[] = [
  functionHost("Express", async (options) => {
    const { app, receiver } = expressApp(options);
    return { receiver, handle: app as unknown as HttpFunction };
  }),
  // As Fastify's own guide has it, its content type parser included.
  functionHost("Fastify", async (options) => {
    const { app, receiver } = await fastifyApp(options);
    app.addContentTypeParser("application/json", {}, (_request, body, done) => {
      done(null, (body as unknown as { body: unknown }).body);
    });
    return {
      receiver,
      handle: async (request, response) => {
        await app.ready();
        app.server.emit("request", request, response);
      },
    };
  }),
  functionHost("Hono", async (options) => {
    const { app, receiver } = honoApp(options);
    return { receiver, handle: getRequestListener(app.fetch) as unknown as HttpFunction };
  }),
];
