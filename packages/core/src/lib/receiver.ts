import { type BodySource, readBody } from "./body.ts";
import { WebhookError } from "./errors.ts";
import { type DiffioEvent, parseEvent } from "./events.ts";
import { type Handlers, createDispatch } from "./handlers.ts";
import { type HeaderValue, type HeadersInput, readHeaders } from "./headers.ts";
import type { Acceptance, AcceptedMessage, Inbox, QueueBatch, RunOutcome } from "./inbox.ts";
import { memoryInbox } from "./memory-inbox.ts";
import {
  checkFunction,
  checkNow,
  checkNumber,
  checkSeconds,
  checkTolerance,
  invalidOption,
} from "./options.ts";
import type { ErrorContext } from "./run-context.ts";
import { type Reply, receivedReply, refusalReply } from "./reply.ts";
import { callHook, firstRefusalLogger, isThenable, logFailedRun } from "./report.ts";
import { type InProcess, createRunner } from "./runner.ts";
import { type SigningSecretSource, signingKeySource } from "./secret.ts";
import { withinSeconds } from "./time-limit.ts";
import { findSigningKey, openEnvelope } from "./verifier.ts";

/** One HTTP request, as an adapter hands it in. */
export interface Delivery {
  /** The HTTP method. */
  readonly method: string;
  /** A plain object, a `Headers`, or a function from a lower-case name to the value. */
  readonly headers: HeadersInput;
  /** The raw body, or a function that gives it when the headers have passed. */
  readonly body: BodySource;
  /**
   * Resolves when the reply has left, so that no callback holds it up. Without it, callbacks start a turn of the
   * event loop after the reply was made.
   */
  readonly replied?: PromiseLike<unknown> | undefined;
}

/** Options of {@link createReceiver}, and of every adapter. */
export interface ReceiverOptions<Platform = unknown> extends Handlers<Platform> {
  /** The endpoint's signing secret, `whsec_…`. Default: the environment variable `DIFFIO_WEBHOOK_SECRET`. */
  signingSecret?: SigningSecretSource<Platform> | undefined;
  /** Told of each failed run. Default: it is written to `console.error`, without the body. */
  onError?: ((error: unknown, context: ErrorContext<Platform>) => unknown) | undefined;
  /** Told of each refused delivery. Default: the first refusal of each code is written to `console.warn`. */
  onRejected?: ((error: WebhookError, delivery: Delivery) => unknown) | undefined;
  /**
   * When the sender gets its 200: `"immediately"` (default), once the message is in the inbox; or
   * `"after-handlers"`, once the callbacks have succeeded, so that the sender's retries are the retries.
   */
  acknowledge?: "immediately" | "after-handlers" | undefined;
  /** Where accepted messages live until they are handled. Default `memoryInbox()`. */
  inbox?: Inbox | undefined;
  /** How far a timestamp may lie from the clock, in seconds, in both directions. Default 300. */
  toleranceInSeconds?: number | undefined;
  /** Larger bodies are refused. Default 1 MiB. */
  maxBodyBytes?: number | undefined;
  /** A run that takes longer has failed. Default 300. */
  handlerTimeoutInSeconds?: number | undefined;
  /** Tells receivers that share an inbox apart. Default `"default"`. */
  name?: string | undefined;
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  now?: (() => number) | undefined;
}

/** The road from a delivery to its reply and its callbacks. */
export interface Receiver<Platform = unknown> {
  readonly name: string;
  /**
   * Takes one delivery from its method to its reply. Rejects only when the caller's own code (a header function, a
   * body function) throws something that is no {@link WebhookError}.
   */
  receive(delivery: Delivery, platform?: Platform): Promise<Reply>;
  /** Resolves when no accepted message is waiting or running: in this process, or in any with a durable inbox. */
  idle(): Promise<void>;
  /**
   * Refuses further deliveries with 503, and resolves when the accepted ones are handled or given up; with a durable
   * inbox when the runs that go on have ended or been released, for another process or the next start.
   */
  close(): Promise<void>;
  /**
   * Runs the messages of a queue's batch: the `queue` handler of a Worker whose inbox is built on Queues.
   *
   * @throws WebhookError `invalid_option` with any other inbox.
   */
  queue(this: void, batch: QueueBatch, env?: unknown, ctx?: unknown): Promise<void>;
}

/** An inbox that takes longer has failed for this attempt: the sender gives up after 15 s. */
const MAX_ACCEPT_SECONDS = 8;

/**
 * Makes a receiver. Adapters are built on it; call it yourself for a framework that has none.
 *
 * @throws WebhookError `invalid_secret`, `invalid_option`: every option is checked here, once.
 */
export function createReceiver<Platform = unknown>(
  options: ReceiverOptions<Platform> = {},
): Receiver<Platform> {
  if (typeof options !== "object" || options === null) {
    throw invalidOption("The options are not an object.", "Pass { signingSecret, on: { … } }.");
  }
  const { acknowledge = "immediately", inbox = memoryInbox(), name = "default" } = options;
  const keysFor = signingKeySource(options.signingSecret);
  const dispatch = createDispatch(options);
  const toleranceInSeconds = checkTolerance(options.toleranceInSeconds);
  const maxBodyBytes = checkNumber("maxBodyBytes", options.maxBodyBytes, { default: 1_048_576, min: 1 });
  const timeoutInSeconds = checkSeconds("handlerTimeoutInSeconds", options.handlerTimeoutInSeconds, {
    default: 300,
    min: 0.001,
  });
  const now = checkNow(options.now);
  checkFunction("onError", options.onError);
  checkFunction("onRejected", options.onRejected);
  const { onError = logFailedRun, onRejected = firstRefusalLogger() } = options;
  if (typeof name !== "string" || name === "") {
    throw invalidOption("name is not a string, or empty.", "Give a short name, or leave it out.");
  }
  checkInbox(inbox);
  const acceptAndRun = afterHandlersMethod(inbox, acknowledge);

  let closed = false;
  const { run, interrupted, invalid } = createRunner({ dispatch, onError, timeoutInSeconds });
  const attachment = inbox.attach?.({ name, run, interrupted });

  async function receive(delivery: Delivery, platform?: Platform): Promise<Reply> {
    const turn = delivery.replied ? undefined : eventLoopTurn();
    try {
      checkMethod(delivery.method);
      checkRoom();
      const headers = readHeaders(delivery.headers);
      checkContentEncoding(headers.contentEncoding);
      const envelope = openEnvelope(headers, now(), toleranceInSeconds);
      // Awaited only where there is something to wait for: each turn of the microtask queue costs.
      const body = readBody(delivery.body, maxBodyBytes);
      const rawBody = body instanceof Uint8Array ? body : await body;
      const known = keysFor(platform as Platform);
      const key = findSigningKey(envelope, rawBody, isThenable(known) ? await known : known);
      const message = {
        receiver: name,
        messageId: envelope.messageId,
        timestamp: new Date(envelope.timestamp * 1000),
        rawBody,
        secretName: key.name,
      };
      const event = inbox.acceptInvalid ? eventOrError(rawBody) : parseEvent(rawBody);
      if (event instanceof WebhookError) return await acceptInvalid(message, event);
      const replied = acceptAndRun ? undefined : (delivery.replied ?? turn?.over);
      const valid = {
        ...message,
        eventType: event.eventType,
        inProcess: { event, platform, replied } satisfies InProcess<Platform>,
      };
      const reply = acceptAndRun ? acceptAfterHandlers(valid, acceptAndRun) : acceptNow(valid);
      return reply instanceof Promise ? await reply : reply;
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      callHook("onRejected", () => onRejected(error, delivery));
      return refusalReply(error);
    } finally {
      turn?.start();
    }
  }

  function checkRoom(): void {
    if (closed) throw new WebhookError("receiver_closed", "The receiver is closed.");
    if (isFull()) {
      throw new WebhookError("receiver_busy", "The inbox has no room for another message.", {
        hint: "Callbacks are slower than deliveries: make them faster, raise concurrency, or use a durable inbox.",
      });
    }
  }

  function isFull(): boolean {
    try {
      return inbox.isFull?.() ?? false;
    } catch (cause) {
      throw inboxError(cause);
    }
  }

  function acceptNow(message: AcceptedMessage): Reply | Promise<Reply> {
    try {
      const acceptance = inbox.accept(message);
      if (!(acceptance instanceof Promise)) return receivedReply(acceptance?.runs);
      return stored(acceptance).then((later) => receivedReply(later?.runs));
    } catch (cause) {
      throw inboxError(cause);
    }
  }

  async function acceptInvalid(message: AcceptedMessage, error: WebhookError): Promise<Reply> {
    const acceptance = await stored(
      Promise.resolve(message).then(() => inbox.acceptInvalid?.(message, error)),
    );
    // A resend of it is no news.
    if (!acceptance?.duplicate) invalid(message, error);
    return receivedReply();
  }

  async function acceptAfterHandlers(
    message: AcceptedMessage,
    take: (message: AcceptedMessage) => Promise<RunOutcome>,
  ): Promise<Reply> {
    let outcome: RunOutcome;
    try {
      outcome = await take(message);
    } catch (cause) {
      throw inboxError(cause);
    }
    // Not a refusal, and onError has been told.
    if (!outcome.succeeded) return refusalReply(new WebhookError("handler_failed", "A callback failed."));
    return receivedReply();
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
      if (attachment?.queue) return attachment.queue(batch, env, ctx);
      throw invalidOption(
        "This inbox has no queue to consume.",
        "receiver.queue goes with cloudflareInbox().",
      );
    },
  };
}

function checkMethod(method: string): void {
  if (method === "POST") return;
  throw new WebhookError("method_not_allowed", `The method is ${method}, not POST.`, {
    hint: "The sender only ever sends POST. A browser or a health check may have come by.",
  });
}

function checkContentEncoding(encoding: HeaderValue): void {
  const value = Array.isArray(encoding) && encoding.length === 1 ? (encoding[0] as unknown) : encoding;
  if (value === undefined || value === null || value === "") return;
  if (typeof value === "string" && value.toLowerCase() === "identity") return;
  throw new WebhookError("unsupported_content_encoding", "The body has a content encoding.", {
    hint: "The sender never compresses. Nothing is inflated before it is verified: a few kB could become GBs.",
  });
}

function checkInbox(inbox: Inbox): void {
  if (typeof inbox === "object" && inbox !== null && typeof inbox.accept === "function") return;
  throw invalidOption("inbox has no method accept.", "Pass memoryInbox(), sqliteInbox(…) or another inbox.");
}

function afterHandlersMethod(
  inbox: Inbox,
  acknowledge: unknown,
): ((message: AcceptedMessage) => Promise<RunOutcome>) | undefined {
  if (acknowledge === "immediately") return undefined;
  if (acknowledge !== "after-handlers") {
    throw invalidOption(
      `acknowledge is ${typeof acknowledge === "string" ? `"${acknowledge}"` : `of type ${typeof acknowledge}`}.`,
      'Give "immediately" or "after-handlers", or leave it out.',
    );
  }
  const method = inbox.acceptAndRun?.bind(inbox);
  if (method) return method;
  throw invalidOption(
    'acknowledge: "after-handlers" does not go with a durable inbox.',
    "A durable inbox retries by itself: leave acknowledge out, or leave the inbox out and let the sender retry.",
  );
}

async function stored<Found extends Acceptance | void>(acceptance: PromiseLike<Found>): Promise<Found> {
  try {
    return await withinSeconds(
      acceptance,
      MAX_ACCEPT_SECONDS,
      () => new Error(`It took over ${MAX_ACCEPT_SECONDS} s.`),
    );
  } catch (cause) {
    throw inboxError(cause);
  }
}

function eventOrError(rawBody: Uint8Array): DiffioEvent | WebhookError {
  try {
    return parseEvent(rawBody);
  } catch (error) {
    if (error instanceof WebhookError) return error;
    throw error;
  }
}

function inboxError(cause: unknown): WebhookError {
  if (cause instanceof WebhookError) return cause;
  return new WebhookError("inbox_unavailable", "The inbox could not store the message.", {
    hint: "Nothing has run, and the sender will try again. The cause says what is wrong with the inbox.",
    cause,
  });
}

/** A promise that resolves a turn of the event loop after `start`: a reply made before that has left by then. */
function eventLoopTurn(): { over: Promise<void>; start(): void } {
  let resolve: () => void = () => {};
  const over = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { over, start: () => void setTimeout(resolve, 0) };
}
