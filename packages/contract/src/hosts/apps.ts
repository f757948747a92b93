/** The apps that hosts run: each framework with one webhook route, and what its receiver is. */
import type { RequestListener } from "node:http";
import { type Receiver, type ReceiverOptions, createReceiver } from "@diffio-webhooks/core";
import { diffioWebhooks as expressWebhooks } from "@diffio-webhooks/express";
import { diffioWebhooks as fastifyWebhooks } from "@diffio-webhooks/fastify";
import { diffioWebhooks as honoWebhooks } from "@diffio-webhooks/hono";
import express from "express";
import fastify, { type FastifyInstance } from "fastify";
import { Hono } from "hono";

export const PATH = "/webhooks/diffio";

/** The options that the suite sets. */
export type HostOptions = Pick<
  ReceiverOptions,
  "signingSecret" | "acknowledge" | "inbox" | "onAny" | "onError" | "onRejected" | "observer"
>;

type AnyReceiver = Pick<Receiver, "idle" | "close">;

export function expressApp(options: HostOptions): {
  app: express.Express;
  /** The handler by itself, as unit tests call it. */
  handler: RequestListener;
  receiver: AnyReceiver;
} {
  const webhooks = expressWebhooks(options as object);
  const app = express();
  app.post(PATH, webhooks);
  const handler = webhooks as unknown as (
    req: unknown,
    res: unknown,
    next: (error?: unknown) => void,
  ) => void;
  return {
    app,
    handler: (req, res) =>
      handler(req, res, (error) => {
        throw error;
      }),
    receiver: webhooks.receiver,
  };
}

export async function fastifyApp(
  options: HostOptions,
  settings: object = {},
): Promise<{ app: FastifyInstance; receiver: AnyReceiver }> {
  const app = fastify(settings);
  await app.register(fastifyWebhooks, { path: PATH, ...(options as object) });
  const receiver = app.diffioWebhooks?.get(PATH);
  if (!receiver) throw new Error("Fastify has no receiver.");
  return { app, receiver };
}

export function honoApp(options: HostOptions): { app: Hono; receiver: AnyReceiver } {
  const webhooks = honoWebhooks(options as object);
  const app = new Hono();
  app.post(PATH, webhooks);
  return { app, receiver: webhooks.receiver };
}

/** No framework: core on a Node request and response. */
export function coreListener(options: HostOptions): { listener: RequestListener; receiver: AnyReceiver } {
  const receiver = createReceiver(options);
  const listener: RequestListener = (req, res) => {
    const { method = "", headers } = req;
    void receiver.receive({ method, headers, body: req }).then((reply) => {
      res.writeHead(reply.status, reply.headers).end(reply.body);
    });
  };
  return { listener, receiver };
}
