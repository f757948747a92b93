/** Each framework behind a hook that touches the request first, as real servers. */
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { type ReceiverOptions, createReceiver } from "@diffio-webhooks/core";
import { diffioWebhooks as expressWebhooks } from "@diffio-webhooks/express";
import { diffioWebhooks as fastifyWebhooks } from "@diffio-webhooks/fastify";
import { diffioWebhooks as honoWebhooks } from "@diffio-webhooks/hono";
import { getRequestListener } from "@hono/node-server";
import express5 from "express";
import express4 from "express4";
import fastify from "fastify";
import { Hono } from "hono";
import type { Touch } from "./touches.ts";

const PATH = "/webhooks/diffio";

/** A framework under test. */
export interface Framework {
  readonly name: string;
  /** What a hint for this framework must speak of. */
  readonly fix: RegExp;
  /** Whether it can be served over HTTP/2. */
  readonly http2: boolean;
  listener(options: ReceiverOptions<never>): Promise<RequestListener>;
}

function expressApp(framework: typeof express5): Framework["listener"] {
  return async (options) => {
    const app = framework();
    app.post(PATH, expressWebhooks(options as object));
    return app;
  };
}

/** Every framework on Node. */
export const NODE_FRAMEWORKS = {
  core: {
    name: "core on node:http",
    fix: /Nest.*rawBody: true.*Koa.*ctx\.request\.rawBody/s,
    http2: true,
    async listener(options) {
      const receiver = createReceiver(options as ReceiverOptions);
      return (req, res) => {
        const { method = "", headers } = req;
        void receiver.receive({ method, headers, body: req }).then((reply) => {
          res.writeHead(reply.status, reply.headers).end(reply.body);
        });
      };
    },
  },
  express4: {
    name: "Express 4",
    fix: /express\.json.*Nest.*rawBody: true/s,
    http2: false,
    listener: expressApp(express4),
  },
  express5: {
    name: "Express 5",
    fix: /express\.json.*Nest.*rawBody: true/s,
    http2: false,
    listener: expressApp(express5),
  },
  fastify5: {
    name: "Fastify",
    fix: /onRequest.*rawBody/s,
    http2: true,
    async listener(options) {
      let listener: RequestListener | undefined;
      const app = fastify({
        serverFactory(handler) {
          listener = handler;
          return createServer();
        },
      });
      await app.register(fastifyWebhooks, { path: PATH, ...(options as object) });
      await app.ready();
      if (!listener) throw new Error("Fastify has made no server.");
      return listener;
    },
  },
  honoNode: {
    name: "Hono on Node",
    fix: /c\.req\.text\(\)/,
    http2: true,
    async listener(options) {
      const app = new Hono();
      app.post(PATH, honoWebhooks(options as object));
      const listener = getRequestListener(app.fetch);
      return (req, res) => void listener(req, res);
    },
  },
} satisfies Record<string, Framework>;

/** A server until it is closed. */
export interface MatrixServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a framework behind a touch. */
export async function serveBehind(
  framework: Framework,
  { touch }: Pick<Touch, "touch">,
  options: ReceiverOptions<never>,
  { http2 = false }: { http2?: boolean } = {},
): Promise<MatrixServer> {
  const listener = await framework.listener(options);
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    const touched = touch(req);
    // Not behind a promise where there is none: a turn is enough for the first chunk.
    if (touched) void touched.then(() => listener(req, res));
    else listener(req, res);
  };
  const server = http2
    ? createHttp2Server(handle as unknown as Parameters<typeof createHttp2Server>[1])
    : createServer(handle);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}
