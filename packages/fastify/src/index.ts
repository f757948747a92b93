/**
 * Receives Diffio webhooks in Fastify 5.
 *
 * @module
 */
import {
  type AnyCatalog,
  type DiffioCatalog,
  type Receiver,
  type ReceiverOptions,
  WebhookError,
  createReceiver,
  failedRunText,
  firstOfItsCode,
  refusalText,
  untilSent,
} from "@diffio-webhooks/core";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyRegisterOptions,
  FastifyReply,
  FastifyRequest,
  FastifyTypeProvider,
  RawServerBase,
  RawServerDefault,
} from "fastify";
import fastifyPlugin from "fastify-plugin";

export * from "@diffio-webhooks/core/app";

const HINT =
  "Something reads the request before Fastify routes it (an onRequest hook, the platform): let it leave the stream alone, " +
  "or keep the bytes in request.raw.rawBody.";

/** The `context.platform` of callbacks. By then the reply has been sent. */
export interface FastifyPlatform {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Options of {@link diffioWebhooks}. */
export interface FastifyWebhooksOptions<Catalog extends AnyCatalog = DiffioCatalog> extends ReceiverOptions<
  FastifyPlatform,
  Catalog
> {
  /** The path to receive at; the plugin owns it, all methods included. */
  path: string;
  /** Put before the path, as with any plugin. */
  prefix?: string;
}

/** The plugin, told from others by the type of its options: they depend on the catalog in `events`. */
export interface FastifyWebhooksPlugin extends FastifyPluginAsync<FastifyWebhooksOptions> {
  readonly receivesWebhooks: true;
}

type Options = ReceiverOptions<FastifyPlatform, AnyCatalog>;

declare module "fastify" {
  interface FastifyInstance {
    /** The receivers of this instance, by their whole path (prefixes included). Absent before the first is registered. */
    diffioWebhooks: Map<string, Receiver<FastifyPlatform>> | undefined;
  }

  // The names are Fastify's: interfaces merge only where they are the same.
  interface FastifyRegister<
    T = void,
    RawServer extends RawServerBase = RawServerDefault,
    TypeProviderDefault extends FastifyTypeProvider = FastifyTypeProvider,
    LoggerDefault extends FastifyBaseLogger = FastifyBaseLogger,
  > {
    <Catalog extends AnyCatalog = DiffioCatalog>(
      plugin: FastifyWebhooksPlugin,
      opts: FastifyRegisterOptions<FastifyWebhooksOptions<Catalog>>,
    ): T;
  }
}

async function plugin<Catalog extends AnyCatalog>(
  fastify: FastifyInstance,
  { path, prefix = "", ...options }: FastifyWebhooksOptions<Catalog>,
): Promise<void> {
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw new WebhookError("invalid_option", "path is not a path.", {
      hint: 'Pass the path to receive at: app.register(diffioWebhooks, { path: "/webhooks/diffio", … }).',
    });
  }
  const receiver = createReceiver<FastifyPlatform, AnyCatalog>({
    ...(isNoLogger(fastify.log) ? {} : loggingHooks(fastify.log)),
    ...withoutUndefined(options as Options),
  });
  if (!fastify.hasDecorator("diffioWebhooks")) fastify.decorate("diffioWebhooks", new Map());
  fastify.diffioWebhooks?.set(`${fastify.prefix}${prefix}${path}`, receiver);
  fastify.addHook("onClose", () => receiver.close());
  // A scope of its own: what is set up in it reaches no other route.
  await fastify.register(async (scope) => receiveAt(scope, path, receiver), { prefix });
}

/**
 * The plugin: `app.register(diffioWebhooks, { path: "/webhooks/diffio", on: { … } })`. It may be registered several
 * times, under different paths.
 *
 * Registering it fails with a WebhookError `invalid_secret` or `invalid_option` if an option is wrong.
 */
export const diffioWebhooks: FastifyWebhooksPlugin = Object.assign(
  fastifyPlugin(plugin, { name: "@diffio-webhooks/fastify", fastify: "5.x" }),
  { receivesWebhooks: true } as const,
);

/** Whether it is what Fastify has in place of a logger where the app asked for none: the console is used then. */
function isNoLogger({ level, warn, error }: FastifyBaseLogger): boolean {
  return !level && warn === error;
}

/** The hooks that an app does not set write to Fastify's logger; of refusals the first of each code, the others at debug. */
function loggingHooks(log: FastifyBaseLogger): Pick<Options, "onError" | "onRejected"> {
  const isFirst = firstOfItsCode();
  return {
    onError(error, context) {
      const { messageId, eventType, run, final } = context;
      const { log: requestLog } = context.platform?.request ?? { log };
      requestLog.error({ err: error, messageId, eventType, run, final }, failedRunText(context));
    },
    onRejected(error, _delivery, platform) {
      const { code, status } = error;
      const { log: requestLog } = platform?.request ?? { log };
      requestLog[isFirst(error) ? "warn" : "debug"]({ code, status }, refusalText(error));
    },
  };
}

function withoutUndefined(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function receiveAt(scope: FastifyInstance, path: string, receiver: Receiver<FastifyPlatform>): void {
  scope.all(path, {
    // In this hook and not in the handler: it comes before Fastify looks at the content type or parses a body. With a
    // callback, which is only called where something fails: a promise of a reply would be waited for in several turns.
    onRequest: (request, reply, done) => {
      const { method, headers, raw } = request;
      receiver
        .receive(
          {
            method,
            headers: (name) => headers[name],
            body: raw,
            bodyHint: HINT,
            replied: untilSent(reply.raw),
          },
          { request, reply },
        )
        .then(({ status, headers: replyHeaders, body }) => {
          reply.code(status).headers(replyHeaders).send(body);
        })
        .catch(done);
    },
    handler: () => {},
  });
}
