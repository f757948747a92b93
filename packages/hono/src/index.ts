/**
 * Receives Diffio webhooks in Hono, on Node, Bun, Deno and Cloudflare Workers.
 *
 * @module
 */
import {
  type AnyCatalog,
  type DiffioCatalog,
  type BodySource,
  type NodeReadable,
  type NodeResponse,
  type Receiver,
  type ReceiverOptions,
  createReceiver,
  signingSecretFromEnv,
  untilSent,
} from "@diffio-webhooks/core";
import { type FetchContext, toResponse, waitUntilOf } from "@diffio-webhooks/core/fetch";
import type { Context, Env, MiddlewareHandler } from "hono";

export * from "@diffio-webhooks/core/app";

// `any` is Hono's own default for an environment that is not declared.
// eslint-disable-next-line typescript/no-explicit-any
type AnyEnv = any;

/** Options of {@link diffioWebhooks}. Hono's context is the `context.platform` of callbacks. */
export type HonoWebhooksOptions<
  HonoEnv extends Env = AnyEnv,
  Catalog extends AnyCatalog = DiffioCatalog,
> = ReceiverOptions<Context<HonoEnv>, Catalog>;

/** A Hono handler, for `app.post(path, …)` as well as `app.all(path, …)`. */
export type HonoWebhooksHandler<HonoEnv extends Env = AnyEnv> = MiddlewareHandler<HonoEnv> & {
  readonly receiver: Receiver<Context<HonoEnv>>;
};

/** What @hono/node-server puts into `c.env`. */
interface NodeBindings {
  readonly incoming?: NodeReadable & {
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  };
  readonly outgoing?: NodeResponse;
}

/**
 * Makes the handler. Without `signingSecret` it takes `DIFFIO_WEBHOOK_SECRET` from `c.env`, else from `process.env`.
 * On Workers, the callbacks are passed to `waitUntil` automatically.
 *
 * @throws WebhookError `invalid_secret`, `invalid_option`
 */
export function diffioWebhooks<HonoEnv extends Env = AnyEnv, Catalog extends AnyCatalog = DiffioCatalog>(
  options: HonoWebhooksOptions<HonoEnv, Catalog> = {},
): HonoWebhooksHandler<HonoEnv> {
  const receiver = createReceiver<Context<HonoEnv>, Catalog>({
    ...options,
    // The bindings' is Diffio's: not that of another sender.
    signingSecret: options.signingSecret ?? (options.events ? undefined : secretFromBindings),
  });

  async function handleHono(c: Context<HonoEnv>): Promise<Response> {
    const { incoming, outgoing } = nodeBindings(c);
    const nodeHeaders = incoming?.headers;
    const reply = await receiver.receive(
      {
        method: c.req.method,
        // Node's own, where they are: the web's are made of them anew.
        headers: nodeHeaders ? (name) => nodeHeaders[name] : c.req.raw.headers,
        body: bodyOf(c, incoming),
        bodyHint: HINT,
        replied: outgoing && untilSent(outgoing),
        waitUntil: outgoing ? undefined : platformWaitUntil(c),
      },
      c,
    );
    return toResponse(reply);
  }
  return Object.assign(handleHono, { receiver });
}

const HINT =
  "A middleware before diffioWebhooks read the body: mount the webhook route first, or let that middleware read it with " +
  "c.req.text() or c.req.arrayBuffer(), which Hono keeps.";

/** The body, as an earlier middleware left it. */
function bodyOf(c: Context, incoming: NodeBindings["incoming"]): BodySource {
  const { arrayBuffer, blob, text } = c.req.bodyCache;
  // Hono's types name what the promises in this cache resolve to.
  if (arrayBuffer) return () => Promise.resolve(arrayBuffer);
  if (blob) return () => Promise.resolve(blob).then((kept) => kept.arrayBuffer());
  if (text) return () => Promise.resolve(text);
  // Node's own stream, several times cheaper than the web stream made of it; unless somebody has made that one already.
  return incoming && isUntouched(c.req.raw) ? incoming : c.req.raw;
}

/**
 * Whether the request is still the one that @hono/node-server makes of Node's, and no web stream reads that yet: it notes
 * both by symbols.
 */
function isUntouched(request: Request): boolean {
  let isNodes = false;
  for (const { description } of Object.getOwnPropertySymbols(request)) {
    if (description === "requestCache") return false;
    if (description === "incomingKey") isNodes = true;
  }
  return isNodes;
}

function secretFromBindings(c: Context): string | undefined {
  const { DIFFIO_WEBHOOK_SECRET } = (c.env ?? {}) as { DIFFIO_WEBHOOK_SECRET?: string };
  return DIFFIO_WEBHOOK_SECRET ?? signingSecretFromEnv();
}

/** That of the platform, where it has one. */
function platformWaitUntil(c: Context): ((runs: Promise<unknown>) => void) | undefined {
  let executionCtx: FetchContext | undefined;
  try {
    ({ executionCtx } = c);
  } catch {
    // Hono throws where there is none: on Bun and Deno, whose processes live on by themselves.
  }
  return waitUntilOf(executionCtx);
}

function nodeBindings(c: Context): NodeBindings {
  return (c.env ?? {}) as NodeBindings;
}
