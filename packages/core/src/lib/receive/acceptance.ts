import { WebhookError } from "../errors.ts";
import type { Acceptance, AcceptedMessage, Inbox, RunningMessage } from "../inbox/inbox.ts";
import { invalidOption } from "../options.ts";
import { isThenable } from "./hooks.ts";
import { withinSeconds } from "../time-limit.ts";

/** What became of a message on its way into the inbox. */
export interface Accepted extends Acceptance {
  /** Its callbacks failed, and the sender gets a 500. */
  readonly failed?: WebhookError;
}

const ACCEPTED: Accepted = { duplicate: false };

/** If the inbox takes longer, this attempt fails: the sender times out after 15 s. */
const MAX_ACCEPT_SECONDS = 8;

/** How a receiver stores messages. Every error is a {@link WebhookError}. */
export interface Acceptor {
  /** Whether callbacks run before the reply. */
  readonly acknowledgesLast: boolean;
  /** Whether acknowledged messages are lost when the process ends. */
  readonly losesWork: boolean;
  /** Whether signed deliveries that are not valid events are stored too. */
  readonly takesInvalid: boolean;
  /** Whether the inbox has no room for another message. */
  isFull(): boolean;
  accept(message: AcceptedMessage): Accepted | Promise<Accepted>;
  acceptInvalid(message: AcceptedMessage, error: WebhookError): Promise<Accepted>;
}

/**
 * Checks that the inbox supports the way to acknowledge.
 *
 * @throws WebhookError `invalid_option`
 */
export function createAcceptor(inbox: Inbox, acknowledge: unknown): Acceptor {
  checkInbox(inbox);
  const acceptAndRun = afterHandlersMethod(inbox, acknowledge);

  function isFull(): boolean {
    try {
      return inbox.isFull?.() ?? false;
    } catch (cause) {
      throw inboxError(cause);
    }
  }

  function accept(message: AcceptedMessage): Accepted | Promise<Accepted> {
    try {
      if (acceptAndRun) return afterHandlers(acceptAndRun(message));
      const acceptance = inbox.accept(message);
      return isThenable(acceptance) ? stored(acceptance) : (acceptance ?? ACCEPTED);
    } catch (cause) {
      throw inboxError(cause);
    }
  }

  function acceptInvalid(message: AcceptedMessage, error: WebhookError): Promise<Accepted> {
    return stored(Promise.resolve(message).then(() => inbox.acceptInvalid?.(message, error)));
  }

  return {
    acknowledgesLast: acceptAndRun !== undefined,
    losesWork: acceptAndRun === undefined && !inbox.acceptInvalid,
    takesInvalid: inbox.acceptInvalid !== undefined,
    isFull,
    accept,
    acceptInvalid,
  };
}

function checkInbox(inbox: Inbox): void {
  if (typeof inbox === "object" && inbox !== null && typeof inbox.accept === "function") return;
  throw invalidOption("inbox has no accept method.", "Pass memoryInbox(), sqliteInbox(…) or another inbox.");
}

function afterHandlersMethod(
  inbox: Inbox,
  acknowledge: unknown,
): ((message: AcceptedMessage) => RunningMessage) | undefined {
  if (acknowledge === "immediately") return undefined;
  if (acknowledge !== "after-handlers") {
    throw invalidOption(
      `acknowledge is ${typeof acknowledge === "string" ? `"${acknowledge}"` : `of type ${typeof acknowledge}`}.`,
      'Pass "immediately" or "after-handlers", or leave it out.',
    );
  }
  const method = inbox.acceptAndRun?.bind(inbox);
  if (method) return method;
  throw invalidOption(
    'acknowledge: "after-handlers" does not work with a durable inbox.',
    "A durable inbox does its own retries: leave acknowledge out, or leave the inbox out and let the sender retry.",
  );
}

async function stored(acceptance: PromiseLike<Acceptance | void>): Promise<Accepted> {
  try {
    const found = await withinSeconds(
      acceptance,
      MAX_ACCEPT_SECONDS,
      () => new Error(`It took over ${MAX_ACCEPT_SECONDS} s.`),
    );
    return found ?? ACCEPTED;
  } catch (cause) {
    throw inboxError(cause);
  }
}

/** Waits for the run: its failure is the reply. */
async function afterHandlers({ duplicate, sameBody, outcome }: RunningMessage): Promise<Accepted> {
  try {
    const { succeeded } = await outcome;
    // Not a refusal, and onError has been called.
    return succeeded
      ? { duplicate, sameBody }
      : { duplicate, failed: new WebhookError("handler_failed", "A callback failed.") };
  } catch (cause) {
    throw inboxError(cause);
  }
}

function inboxError(cause: unknown): WebhookError {
  if (cause instanceof WebhookError) return cause;
  return new WebhookError("inbox_unavailable", "The inbox could not store the message.", {
    hint: "Nothing has run, and the sender will retry. See the cause for what is wrong with the inbox.",
    cause,
  });
}
