/** Servers that speak HTTP/2. */
import { once } from "node:events";
import { type Http2Server, connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { HttpRequest } from "../http.ts";
import { PATH, coreListener, fastifyApp, honoApp } from "./apps.ts";
import { type Host, type HostReply, type RunningHost, headersOf } from "./host.ts";

function deliverTo(port: number): Pick<RunningHost, "deliver" | "stop"> {
  const session = connect(`http://127.0.0.1:${port}`);
  return {
    deliver: (request: HttpRequest) =>
      new Promise<HostReply>((resolve, reject) => {
        const stream = session.request({ ":method": "POST", ":path": PATH, ...headersOf(request) });
        let status = 0;
        let text = "";
        stream.on("response", (headers) => {
          status = Number(headers[":status"]);
        });
        stream.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        stream.on("end", () => resolve({ status, text }));
        stream.on("error", reject);
        stream.end(Buffer.from(request.body ?? ""));
      }),
    stop: () => session.destroy(),
  };
}

export const HTTP2_HOSTS: readonly Host[] = [
  {
    name: "core on HTTP/2",
    async start(options) {
      const { listener, receiver } = coreListener(options);
      const server = createServer(listener as unknown as Parameters<typeof createServer>[1]).listen(
        0,
        "127.0.0.1",
      );
      await once(server, "listening");
      const { deliver, stop } = deliverTo((server.address() as AddressInfo).port);
      return {
        receiver,
        deliver,
        async stop() {
          await stop?.();
          server.close();
        },
      };
    },
  },
  {
    name: "Fastify on HTTP/2",
    async start(options) {
      const { app, receiver } = await fastifyApp(options, { http2: true });
      const address = await app.listen({ port: 0, host: "127.0.0.1" });
      const { deliver, stop } = deliverTo(Number(new URL(address).port));
      return {
        receiver,
        deliver,
        async stop() {
          await stop?.();
          await app.close();
        },
      };
    },
  },
  {
    name: "Hono on HTTP/2",
    async start(options) {
      const { app, receiver } = honoApp(options);
      const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", createServer }) as Http2Server;
      await once(server, "listening");
      const { deliver, stop } = deliverTo((server.address() as AddressInfo).port);
      return {
        receiver,
        deliver,
        async stop() {
          await stop?.();
          server.close();
        },
      };
    },
  },
];
