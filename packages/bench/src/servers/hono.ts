import type { Server } from "node:http";
import { diffioWebhooks } from "@diffio-webhooks/hono";
import { serve } from "@hono/node-server";
import { type Context, type Handler, Hono } from "hono";
import { Webhook as SvixWebhook } from "svix";
import { PATH, POLAR_SECRET } from "../deliveries.ts";
import { SIGNING_SECRET } from "../messages.ts";
import type { ServerId } from "../results.ts";
import { type Listening, REPLY, REPLY_HEADERS, onEvent, portOf } from "./server.ts";

/** Starts the Hono server (on @hono/node-server) of one contestant. */
export async function startHono(id: ServerId): Promise<Listening> {
  const app = new Hono();
  app.post(PATH, await handler(id));
  return portOf(serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as Server);
}

async function handler(id: ServerId): Promise<Handler> {
  if (id === "ours") {
    return diffioWebhooks({ signingSecret: SIGNING_SECRET, on: { "generation.failed": onEvent } });
  }
  if (id === "polar") {
    // Imported here, so that the other servers' heaps are not full of it.
    const { Webhooks } = await import("@polar-sh/hono");
    return Webhooks({
      webhookSecret: POLAR_SECRET,
      onPayload: async (payload) => onEvent(payload),
    }) as Handler;
  }
  const webhook = new SvixWebhook(SIGNING_SECRET);
  return async (c: Context) => {
    const text = await c.req.text();
    if (id === "svix") {
      webhook.verify(text, c.req.header());
      onEvent(JSON.parse(text));
    }
    return new Response(REPLY, { status: 200, headers: REPLY_HEADERS });
  };
}
