import type { IncomingMessage } from "node:http";
import { diffioWebhooks } from "@diffio-webhooks/express";
import express, { type RequestHandler, type Response } from "express";
import { Webhook as SvixWebhook } from "svix";
import { PATH, POLAR_SECRET } from "../deliveries.ts";
import { SIGNING_SECRET } from "../messages.ts";
import type { ServerId } from "../results.ts";
import { type Listening, REPLY, REPLY_HEADERS, onEvent, portOf } from "./server.ts";

/** Starts the Express server of one contestant. */
export async function startExpress(id: ServerId): Promise<Listening> {
  const app = express();
  app.post(PATH, ...(await handlers(id)));
  const server = app.listen(0, "127.0.0.1");
  return portOf(server);
}

async function handlers(id: ServerId): Promise<RequestHandler[]> {
  const webhook = new SvixWebhook(SIGNING_SECRET);
  switch (id) {
    case "bare":
      return [
        (req, res, next) => {
          readAll(req).then(() => answer(res), next);
        },
      ];
    case "ours":
      return [diffioWebhooks({ signingSecret: SIGNING_SECRET, on: { "generation.failed": onEvent } })];
    case "svix":
      return [
        (req, res, next) => {
          readAll(req)
            .then((body) => {
              const text = body.toString();
              webhook.verify(text, req.headers as Record<string, string>);
              onEvent(JSON.parse(text));
              answer(res);
            })
            .catch(next);
        },
      ];
    case "svix-docs":
      return [
        express.raw({ type: "application/json" }),
        (req, res) => {
          const text = (req.body as Buffer).toString();
          webhook.verify(text, req.headers as Record<string, string>);
          onEvent(JSON.parse(text));
          res.json({ received: true });
        },
      ];
    case "polar": {
      // Imported here, so that the other servers' heaps are not full of it.
      const { Webhooks } = await import("@polar-sh/express");
      // It signs what it serialises anew from the parsed body, and so stands behind the parser.
      return [
        express.json(),
        Webhooks({ webhookSecret: POLAR_SECRET, onPayload: async (payload) => onEvent(payload) }),
      ];
    }
  }
}

/** The least that reading a body takes. */
function readAll(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    req.on("error", reject);
  });
}

function answer(res: Response): void {
  res.statusCode = 200;
  for (const [name, value] of Object.entries(REPLY_HEADERS)) res.setHeader(name, value);
  res.end(REPLY);
}
