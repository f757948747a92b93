import { discardBody, readBody } from "./body/body.ts";
import { checkBodyLimits } from "./body/limits.ts";
import { createAcceptor } from "./acceptance.ts";
import type { Delivery } from "./delivery.ts";
import { isBuild } from "../environment.ts";
import { WebhookError } from "../errors.ts";
import type { AnyCatalog, EventOf } from "../events/catalog.ts";
import { type DiffioCatalog, diffioEvents } from "../events/diffio.ts";
import { type Handlers, checkCatalog, createDispatch } from "./handlers.ts";
import { readHeaders } from "../verify/headers.ts";
import type { AcceptedMessage, Inbox, InboxAttachment, QueueBatch } from "../inbox/inbox.ts";
import { memoryInbox } from "../inbox/memory-inbox.ts";
import { checkFunction, checkNow, checkSeconds, checkTolerance, invalidOption } from "../options.ts";
import { parserOf } from "./parser.ts";
import { checkContentEncoding, checkMethod } from "./request-checks.ts";
import type { ErrorContext } from "./run-context.ts";
import { type Reply, receivedReply, refusalReply } from "./reply.ts";
import { callHook, firstRefusalLogger, isThenable, logFailedRun } from "./hooks.ts";
import { keepAliveWith, settled } from "./keep-alive.ts";
import { type InProcess, createRunner } from "./runner.ts";
import { type SigningSecretSource, createKeySource } from "../verify/key-source.ts";
import { monotonicSeconds, nextTurn } from "../timers.ts";
import { type Observer, checkObserver, observe } from "./observer.ts";
import { authenticate, openEnvelope } from "../verify/verifier.ts";

/** Options of {@link createReceiver}, and of every adapter. */
export interface ReceiverOptions<
  Platform = unknown,
  Catalog extends AnyCatalog = DiffioCatalog,
> extends Handlers<Platform, Catalog> {
  /** The endpoint's signing secret, `whsec_…`. Default: the environment variable `DIFFIO_WEBHOOK_SECRET`. */
  signingSecret?: SigningSecretSource<Platform> | undefined;
  /** Called for each failed run. Default: logs it with `console.error`, without the body. */
  onError?: ((error: unknown, context: ErrorContext<Platform, EventOf<Catalog>>) => unknown) | undefined;
  /** Called for each refused delivery. Default: logs the first refusal of each code with `console.warn`. */
  onRejected?:
    | ((error: WebhookError, delivery: Delivery, platform: Platform | undefined) => unknown)
    | undefined;
  /**
   * When the sender gets its 200: `"immediately"` (default), once the message is in the inbox; or
   * `"after-handlers"`, once the callbacks have succeeded: a failed delivery is then retried by the sender, not here.
   */
  acknowledge?: "immediately" | "after-handlers" | undefined;
  /** Where accepted messages live until they are handled. Default `memoryInbox()`. */
  inbox?: Inbox | undefined;
  /**
   * Called with the runs of each delivery, a promise that never rejects: for hosts that freeze or end the process once
   * the reply is sent. Pass it to Vercel's `waitUntil`, Next.js' `after` or similar. Default: the platform's own, if the
   * adapter knows it (Cloudflare Workers).
   */
  waitUntil?: ((runs: Promise<unknown>, platform: Platform) => unknown) | undefined;
  /** Sees each step of each delivery and run with its duration, for metrics and traces. */
  observer?: Observer<Platform> | undefined;
  /** How far a timestamp may be from the clock, in seconds, in both directions. Default 300. */
  toleranceInSeconds?: number | undefined;
  /** Larger bodies are refused. Default 1 MiB. */
  maxBodyBytes?: number | undefined;
  /** A body that takes longer to arrive is refused with 408, and its connection ends. Default 15. */
  bodyTimeoutInSeconds?: number | undefined;
  /** How many bytes of unverified bodies all deliveries in flight may hold; beyond it they get 503. Default 64 MiB. */
  maxUnverifiedBytes?: number | undefined;
  /** A run that takes longer has failed. Default 300. */
  handlerTimeoutInSeconds?: number | undefined;
  /** Distinguishes receivers that share an inbox. Default `"default"`. */
  name?: string | undefined;
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  now?: (() => number) | undefined;
}

/** Takes deliveries to their replies and callbacks. */
export interface Receiver<Platform = unknown> {
  readonly name: string;
  /**
   * Processes one delivery and resolves to its reply. Rejects only if the caller's own code (a header or body function)
   * throws something other than a {@link WebhookError}.
   */
  receive(delivery: Delivery, platform?: Platform): Promise<Reply>;
  /** Resolves when no accepted message is waiting or running: in this process, or in any with a durable inbox. */
  idle(): Promise<void>;
  /**
   * Refuses further deliveries with 503, and resolves when the accepted ones are handled or abandoned. With a durable
   * inbox: when the current runs have ended or been released to another process or the next start.
   */
  close(): Promise<void>;
  /**
   * Runs the messages of a queue's batch: the `queue` handler of a Worker whose inbox is built on Queues.
   *
   * @throws WebhookError `invalid_option` with any other inbox.
   */
  queue(this: void, batch: QueueBatch, env?: unknown, ctx?: unknown): Promise<void>;
}

/**
 * Makes a receiver. Adapters are built on it; call it directly for a framework without one.
 *
 * @throws WebhookError `invalid_secret`, `invalid_option`: every option is checked here, once.
 */
export function createReceiver<Platform = unknown, Catalog extends AnyCatalog = DiffioCatalog>(
  options: ReceiverOptions<Platform, Catalog> = {},
): Receiver<Platform> {
  if (typeof options !== "object" || options === null) {
    throw invalidOption("The options are not an object.", "Pass { signingSecret, on: { … } }.");
  }
  const { acknowledge = "immediately", inbox = memoryInbox(), name = "default" } = options;
  const acceptor = createAcceptor(inbox, acknowledge);
  const catalog = checkCatalog(options.events);
  const keySource = createKeySource(options.signingSecret, catalog === diffioEvents);
  const dispatch = createDispatch<Platform>(options as Handlers<Platform, AnyCatalog>, catalog);
  const parse = parserOf(catalog, acceptor);
  const toleranceInSeconds = checkTolerance(options.toleranceInSeconds);
  const limits = checkBodyLimits(options);
  const timeoutInSeconds = checkSeconds("handlerTimeoutInSeconds", options.handlerTimeoutInSeconds, {
    default: 300,
    min: 0.001,
  });
  const now = checkNow(options.now);
  checkFunction("onError", options.onError);
  checkFunction("onRejected", options.onRejected);
  checkFunction("waitUntil", options.waitUntil);
  const { onError = logFailedRun, onRejected = firstRefusalLogger(), observer } = options;
  checkObserver(observer);
  if (typeof name !== "string" || name === "") {
    throw invalidOption("name is empty or not a string.", "Pass a short name, or leave it out.");
  }

  let closed = false;
  const { run, interrupted, invalid } = createRunner({
    catalog,
    dispatch,
    onError,
    timeoutInSeconds,
    observer,
  });
  const keepAlive = keepAliveWith(options.waitUntil, acceptor);
  let attachment: InboxAttachment | undefined;
  let isAttached = false;
  // A build imports this and must neither run messages nor connect to anything: attached at the first delivery then.
  if (!isBuild()) attach();

  function attach(): void {
    isAttached = true;
    attachment = inbox.attach?.({ name, run, interrupted });
  }

  async function receive(delivery: Delivery, platform?: Platform): Promise<Reply> {
    const arrivedAt = observer ? monotonicSeconds() : 0;
    if (observer) observe(observer, "received", { receiver: name, delivery, platform });
    const turn = delivery.replied ? undefined : eventLoopTurn();
    let isBodyRead = false;
    let unverifiedBytes = 0;
    try {
      if (!isAttached) attach();
      checkMethod(delivery.method);
      checkRoom();
      const headers = readHeaders(delivery.headers);
      checkContentEncoding(headers.contentEncoding);
      const envelope = openEnvelope(headers, now(), toleranceInSeconds, keySource.isSymmetric);
      // Awaited only if it is a promise: each turn of the microtask queue costs time.
      const body = readBody(delivery.body, limits, delivery.bodyHint);
      const rawBody = body instanceof Uint8Array ? body : await body;
      isBodyRead = true;
      unverifiedBytes = rawBody.length;
      const found = authenticate(envelope, rawBody, keySource, platform as Platform);
      const key = found instanceof Promise ? await found : found;
      limits.held.release(unverifiedBytes);
      unverifiedBytes = 0;
      const parsing = parse(rawBody);
      const parsed = isThenable(parsing) ? await parsing : parsing;
      const isInvalid = parsed instanceof WebhookError;
      const stored = {
        receiver: name,
        messageId: envelope.messageId,
        timestamp: new Date(envelope.timestamp * 1000),
        rawBody,
        secretName: key.name,
      };
      const replied = acceptor.acknowledgesLast ? undefined : (delivery.replied ?? turn?.over);
      const message: AcceptedMessage = isInvalid
        ? stored
        : {
            ...stored,
            eventType: parsed.eventType,
            subject: parsed.subject,
            inProcess: {
              parsed,
              platform,
              replied,
              takenAt: observer ? monotonicSeconds() : 0,
            } satisfies InProcess<Platform>,
          };
      const accepting = isInvalid ? acceptor.acceptInvalid(message, parsed) : acceptor.accept(message);
      // From now on: a host may cancel a request whose client disconnects, and its run with it.
      if (acceptor.acknowledgesLast) keepAlive(settled(accepting), delivery, platform as Platform);
      const acceptance = isThenable(accepting) ? await accepting : accepting;
      const { duplicate, runs, failed } = acceptance;
      if (observer) {
        const durationInSeconds = monotonicSeconds() - arrivedAt;
        const observed = { receiver: name, delivery, platform, durationInSeconds };
        if (failed) observe(observer, "refused", { ...observed, error: failed });
        else if (duplicate) {
          observe(observer, "duplicate", { ...observed, message, sameBody: acceptance.sameBody });
        } else observe(observer, "accepted", { ...observed, message });
      }
      // It was reported when it first arrived.
      if (isInvalid && !duplicate) invalid(message, parsed);
      if (runs) keepAlive(runs, delivery, platform as Platform);
      return failed ? refusalReply(failed, { keepsConnection: true }) : receivedReply(runs);
    } catch (error) {
      limits.held.release(unverifiedBytes);
      if (!(error instanceof WebhookError)) throw error;
      callHook("onRejected", () => onRejected(error, delivery, platform));
      if (observer) {
        const durationInSeconds = monotonicSeconds() - arrivedAt;
        observe(observer, "refused", { receiver: name, delivery, platform, error, durationInSeconds });
      }
      const isWhole = isBodyRead || (await discardBody(delivery.body, error));
      return refusalReply(error, { keepsConnection: isWhole });
    } finally {
      turn?.start();
    }
  }

  function checkRoom(): void {
    if (closed) throw new WebhookError("receiver_closed", "The receiver is closed.");
    if (acceptor.isFull()) {
      throw new WebhookError("receiver_busy", "The inbox has no room for another message.", {
        hint: "Callbacks are slower than deliveries: make them faster, raise concurrency, or use a durable inbox.",
      });
    }
  }

  return {
    name,
    receive,
    idle: () => attachment?.idle() ?? Promise.resolve(),
    close() {
      closed = true;
      return attachment?.close() ?? Promise.resolve();
    },
    async queue(batch, env, ctx) {
      if (!isAttached) attach();
      if (attachment?.queue) return attachment.queue(batch, env, ctx);
      throw invalidOption(
        "This inbox has no queue to consume.",
        "receiver.queue goes with cloudflareInbox().",
      );
    },
  };
}

/** A promise that resolves a turn of the event loop after `start`: a reply made before that has been sent by then. */
function eventLoopTurn(): { over: Promise<void>; start(): void } {
  let resolve: () => void = () => {};
  const over = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { over, start: () => nextTurn(resolve) };
}
