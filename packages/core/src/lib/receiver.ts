import { type BodySource, readBody } from "./body.ts";
import { WebhookError } from "./errors.ts";
import { type DiffioEvent, parseEvent } from "./events.ts";
import { type Handlers, createDispatch } from "./handlers.ts";
import { type HeaderValue, type HeadersInput, toHeaderGetter } from "./headers.ts";
import type { AcceptedMessage, Inbox, RunAttempt, RunOutcome } from "./inbox.ts";
import { memoryInbox } from "./memory-inbox.ts";
import {
  checkFunction,
  checkNow,
  checkNumber,
  checkSeconds,
  checkTolerance,
  invalidOption,
} from "./options.ts";
import { type ErrorContext, FailedRunContext, RunContext } from "./run-context.ts";
import { type Reply, receivedReply, refusalReply } from "./reply.ts";
import { callHook, firstRefusalLogger, isThenable, logFailedRun } from "./report.ts";
import { type SigningSecretSource, signingKeySource } from "./secret.ts";
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
  readonly replied?: PromiseLike<unknown>;
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
  /** Resolves when no accepted message is waiting or running in this process. */
  idle(): Promise<void>;
  /** Refuses further deliveries with 503 and resolves when the accepted ones are handled or given up. */
  close(): Promise<void>;
}

/** What goes beside a message from its delivery to its run, within this process. */
interface InProcess<Platform> {
  readonly event: DiffioEvent;
  readonly platform: Platform | undefined;
  /** Callbacks start when this has resolved. */
  readonly replied: PromiseLike<unknown> | undefined;
}

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
  const attachment = inbox.attach?.({ name, run });

  async function receive(delivery: Delivery, platform?: Platform): Promise<Reply> {
    const turn = delivery.replied ? undefined : eventLoopTurn();
    try {
      checkMethod(delivery.method);
      checkRoom();
      const header = toHeaderGetter(delivery.headers);
      checkContentEncoding(header("content-encoding"));
      const envelope = openEnvelope(header, now(), toleranceInSeconds);
      // Awaited only where there is something to wait for: each turn of the microtask queue costs.
      const body = readBody(delivery.body, maxBodyBytes);
      const rawBody = body instanceof Uint8Array ? body : await body;
      const known = keysFor(platform as Platform);
      const key = findSigningKey(envelope, rawBody, isThenable(known) ? await known : known);
      const event = parseEvent(rawBody);
      const message: AcceptedMessage = {
        receiver: name,
        messageId: envelope.messageId,
        timestamp: new Date(envelope.timestamp * 1000),
        rawBody,
        eventType: event.eventType,
        secretName: key.name,
        inProcess: { event, platform, replied: acceptAndRun ? undefined : (delivery.replied ?? turn?.over) },
      };
      return acceptAndRun ? await acceptAfterHandlers(message, acceptAndRun) : await acceptNow(message);
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
      return acceptance.then(
        (later) => receivedReply(later?.runs),
        (cause: unknown) => {
          throw inboxError(cause);
        },
      );
    } catch (cause) {
      throw inboxError(cause);
    }
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

  /** One run of a message, called by the inbox: in this process or, after a restart, in a later one. */
  async function run(message: AcceptedMessage, { run: number, final }: RunAttempt): Promise<void> {
    const inProcess = message.inProcess as InProcess<Platform> | undefined;
    try {
      if (inProcess?.replied) await inProcess.replied;
    } catch {
      // A reply that could not be sent changes nothing: the message has been accepted.
    }
    // Parsed anew for each further run: a callback may have changed the event that it was given.
    let event = number === 1 ? inProcess?.event : undefined;
    const context = new RunContext(message, number, inProcess?.platform, timeoutInSeconds);
    try {
      event ??= parseEvent(message.rawBody);
      const callbacks = dispatch(event, context);
      if (isThenable(callbacks)) await context.limit(callbacks);
    } catch (error) {
      const failed = new FailedRunContext(context, message, event, final);
      callHook("onError", () => onError(error, failed));
      throw error;
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
