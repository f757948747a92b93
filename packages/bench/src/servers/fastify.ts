import { diffioWebhooks } from "@diffio-webhooks/fastify";
import fastify from "fastify";
import { Webhook as SvixWebhook } from "svix";
import { PATH } from "../deliveries.ts";
import { SIGNING_SECRET } from "../messages.ts";
import type { ServerId } from "../results.ts";
import { type Listening, REPLY, REPLY_HEADERS, onEvent, portOf } from "./server.ts";

/** Starts the Fastify server of one contestant. */
export async function startFastify(id: ServerId): Promise<Listening> {
  const app = fastify();
  if (id === "ours") {
    await app.register(diffioWebhooks, {
      path: PATH,
      signingSecret: SIGNING_SECRET,
      on: { "generation.failed": onEvent },
    });
  } else {
    // Fastify's own way to the bytes.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) =>
      done(null, body),
    );
    const webhook = new SvixWebhook(SIGNING_SECRET);
    app.post(PATH, (request, reply) => {
      if (id === "svix") {
        const text = (request.body as Buffer).toString();
        webhook.verify(text, request.headers as Record<string, string>);
        onEvent(JSON.parse(text));
      }
      return reply.code(200).headers(REPLY_HEADERS).send(REPLY);
    });
  }
  await app.listen({ port: 0, host: "127.0.0.1" });
  return portOf(app.server);
}
