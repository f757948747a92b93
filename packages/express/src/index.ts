/**
 * Receives Diffio webhooks in Express 4 and 5.
 *
 * @module
 */
import {
  type AnyCatalog,
  type DiffioCatalog,
  type Receiver,
  type ReceiverOptions,
  createReceiver,
  untilSent,
} from "@diffio-webhooks/core";
import type { Request, RequestHandler, Response } from "express";

export * from "@diffio-webhooks/core/app";

const HINT =
  "Mount diffioWebhooks before express.json() and other body parsers; or keep the bytes: express.json({ verify: " +
  "(req, res, bytes) => { req.rawBody = bytes; } }), in Nest: NestFactory.create(AppModule, { rawBody: true }).";

/** The `context.platform` of callbacks. By then the reply has been sent. */
export interface ExpressPlatform {
  readonly req: Request;
  readonly res: Response;
}

/** Options of {@link diffioWebhooks}. */
export type ExpressWebhooksOptions<Catalog extends AnyCatalog = DiffioCatalog> = ReceiverOptions<
  ExpressPlatform,
  Catalog
>;

/** An Express handler, for `app.post(path, …)` as well as `app.use(path, …)`. */
export type ExpressWebhooksHandler = RequestHandler & { readonly receiver: Receiver<ExpressPlatform> };

/**
 * Makes the handler. Mount it before `express.json()`: it needs the bytes.
 *
 * @throws WebhookError `invalid_secret`, `invalid_option`
 */
export function diffioWebhooks<Catalog extends AnyCatalog = DiffioCatalog>(
  options: ExpressWebhooksOptions<Catalog> = {},
): ExpressWebhooksHandler {
  const receiver = createReceiver<ExpressPlatform, Catalog>(options);

  async function receiveDelivery(req: Request, res: Response): Promise<void> {
    const { method, headers } = req;
    const reply = await receiver.receive(
      { method, headers: (name) => headers[name], body: req, bodyHint: HINT, replied: untilSent(res) },
      { req, res },
    );
    res.statusCode = reply.status;
    for (const [name, value] of Object.entries(reply.headers)) res.setHeader(name, value);
    // Not behind a writeHead(), which would not know the length yet: Node then sends the body as chunks.
    res.end(reply.body);
  }

  const handleExpress: RequestHandler = (req, res, next) => {
    receiveDelivery(req, res).catch(next);
  };
  return Object.assign(handleExpress, { receiver });
}
