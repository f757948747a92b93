import {
  type DiffioEvent,
  type DurableInbox,
  type HandlerContext,
  type Inbox,
  type OfReceiver,
  type Receiver,
  WebhookError,
  createReceiver,
} from "@diffio-webhooks/core";
import type { StoreInbox } from "@diffio-webhooks/core/inbox";
import type { Ledger, LedgerEntry } from "./ledger.ts";

/** How a service is made. Plain JSON, so that it can be handed to another process. */
export interface ServiceConfig {
  readonly signingSecrets: Readonly<Record<string, string>>;
  /** The receivers that share the inbox; none for a service that only looks after the dead letters. */
  readonly receivers: readonly string[];
  readonly handlerTimeoutInSeconds: number;
}

/** What a service needs besides. */
export interface ServiceParts {
  readonly inbox: Inbox | DurableInbox;
  readonly ledger: Ledger;
  readonly pid: number;
  /** Ends the process at once, without a word; absent where there is none that could be ended. */
  readonly die?: () => void;
}

/** Where a service may be told to die. */
export type DeathPoint =
  | "before commit"
  | "after commit, before the reply"
  | "during a run"
  | "after the effect, before done";

/** A service that receives messages, and that a test can look into. */
export interface Service {
  fetch(request: Request): Promise<Response>;
  readonly receivers: ReadonlyMap<string, Receiver>;
}

/**
 * Makes a service of web standards alone, so that the same one runs on Node and in workerd. What its callback does is
 * told by the event: see {@link act}.
 */
export function createService(config: ServiceConfig, { inbox, ledger, pid, die }: ServiceParts): Service {
  const note = (entry: LedgerEntry): void => ledger(entry);
  let armed: { readonly at: DeathPoint; left: number } | undefined;
  function mayDie(at: DeathPoint): void {
    if (armed?.at === at && --armed.left < 0) die?.();
  }
  const open = (name: string, more: object = {}): Receiver =>
    createReceiver({
      name,
      inbox: mortal(inbox, mayDie),
      signingSecret: config.signingSecrets,
      handlerTimeoutInSeconds: config.handlerTimeoutInSeconds,
      onAny: (event, context) => handle(name, event, context),
      onError: (error, { messageId, run, final }) =>
        note({ what: "failed", at: Date.now(), pid, messageId, run, final, code: codeOf(error) }),
      onRejected: () => {},
      ...more,
    });
  const receivers = new Map(config.receivers.map((name) => [name, open(name)]));

  function openLater(name: string, options: object): string {
    receivers.set(name, open(name, options));
    return name;
  }

  async function handle(receiver: string, event: DiffioEvent, context: HandlerContext): Promise<void> {
    const { messageId, run, timestamp, secretName, platform, rawBody, signal } = context;
    note({
      what: "started",
      at: Date.now(),
      pid,
      receiver,
      messageId,
      run,
      timestamp: timestamp.getTime(),
      secretName: secretName ?? null,
      hasPlatform: platform !== undefined,
      bodyHash: await hashOf(rawBody),
    });
    signal.addEventListener("abort", () => note({ what: "aborted", at: Date.now(), pid, messageId }));
    mayDie("during a run");
    if (String(event["generationId" as keyof DiffioEvent]) === "kills") {
      // Once those that began together with it have, too.
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
      die?.();
    }
    await writeEffect(context, pid);
    await act(String(event["generationId" as keyof DiffioEvent]), run);
    note({ what: "ended", at: Date.now(), pid, messageId });
    mayDie("after the effect, before done");
  }

  async function deliver(request: Request, name: string): Promise<Response> {
    const receiver = receivers.get(name);
    if (!receiver) return Response.json({ error: "no receiver of this name" }, { status: 404 });
    const { status, headers, body } = await receiver.receive(
      { method: request.method, headers: request.headers, body: () => request.body ?? new Uint8Array() },
      { request },
    );
    return new Response(body, { status, headers });
  }

  async function control(path: string, parameters: URLSearchParams): Promise<unknown> {
    const { deadLetters, counts } = inbox as DurableInbox;
    const id = parameters.get("id") ?? "";
    switch (path) {
      case "/idle":
        return Promise.all(Array.from(receivers.values(), (receiver) => receiver.idle()));
      case "/close":
        return Promise.all(Array.from(receivers.values(), (receiver) => receiver.close()));
      case "/counts":
        return counts.call(inbox);
      case "/die":
        armed = { at: parameters.get("at") as DeathPoint, left: Number(parameters.get("after")) };
        return;
      case "/open":
        return openLater(
          parameters.get("name") ?? "",
          JSON.parse(parameters.get("options") ?? "{}") as object,
        );
      case "/dead-letters": {
        const page = JSON.parse(parameters.get("page") ?? "{}") as { limit?: number; after?: string };
        const letters = await deadLetters.list(page);
        return letters.map(({ rawBody, receivedAt, diedAt, ...letter }) => ({
          ...letter,
          // Each fails on what only looks like it.
          rawBody: Array.from(rawBody.subarray()),
          receivedAt: receivedAt.toISOString(),
          diedAt: diedAt.toISOString(),
        }));
      }
      case "/accept-invalid": {
        const { messageId, receiver, text } = Object.fromEntries(parameters) as Record<string, string>;
        await (inbox as DurableInbox).acceptInvalid(
          {
            receiver: receiver ?? "",
            messageId: messageId ?? "",
            timestamp: new Date(),
            rawBody: new TextEncoder().encode(text),
          },
          new WebhookError("invalid_payload", "This version cannot read it."),
        );
        return;
      }
      case "/replay":
        return deadLetters.replay(id);
      case "/discard":
        return deadLetters.discard(id);
      case "/replay-all": {
        const progress: unknown[] = [];
        const filter = JSON.parse(parameters.get("filter") ?? "{}") as object;
        const onProgress = (now: object): void => void progress.push({ ...now });
        const replayed = await deadLetters.replayAll({ ...filter, onProgress });
        return { replayed, progress };
      }
      case "/messages": {
        const { since, until, ...query } = JSON.parse(parameters.get("query") ?? "{}") as Record<
          string,
          string
        >;
        return (inbox as StoreInbox).messages.list({
          ...query,
          ...(since !== undefined && { since: new Date(since) }),
          ...(until !== undefined && { until: new Date(until) }),
        });
      }
      case "/message": {
        const found = await (inbox as StoreInbox).messages.get(id, receiverOf(parameters));
        return found && { ...found, rawBody: found.rawBody && Array.from(found.rawBody) };
      }
      case "/replay-message":
        return (inbox as StoreInbox).messages.replay(id, receiverOf(parameters));
      case "/remove-message":
        return (inbox as StoreInbox).messages.remove(id, receiverOf(parameters));
      case "/pause":
        return (inbox as StoreInbox).pause(receiverOf(parameters));
      case "/resume":
        return (inbox as StoreInbox).resume(receiverOf(parameters));
      default:
        throw new Error(`No such control: ${path}`);
    }
  }

  return {
    receivers,
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname.startsWith("/webhooks/")) return deliver(request, pathname.slice("/webhooks/".length));
      try {
        return Response.json({ value: (await control(pathname, searchParams)) ?? null });
      } catch (error) {
        return Response.json({ error: codeOf(error), hint: hintOf(error) }, { status: 500 });
      }
    },
  };
}

/** Before it acts: a kill in the middle takes it back. */
async function writeEffect({ transaction, messageId }: HandlerContext, pid: number): Promise<void> {
  const client = transaction as { query(text: string, values: unknown[]): Promise<unknown> } | undefined;
  await client?.query("INSERT INTO effects VALUES ($1, $2, $3)", [messageId, pid, Date.now()]);
}

function receiverOf(parameters: URLSearchParams): OfReceiver {
  const receiver = parameters.get("receiver");
  return receiver === null ? {} : { receiver };
}

/**
 * Does what the event's `generationId` says: `fails:2` fails in its first two runs, `takes:100` ends after 100 ms,
 * `hangs` never ends, `kills` ends the process. Anything else is done at once.
 */
async function act(plan: string, run: number): Promise<void> {
  const [verb, number = "0"] = plan.split(":");
  if (verb === "fails" && run <= Number(number)) throw new Error("as told");
  if (verb === "takes") {
    await new Promise((resolve) => {
      setTimeout(resolve, Number(number));
    });
  }
  if (verb === "hangs") await new Promise(() => {});
}

/** The same inbox, with the two points around a commit. */
function mortal(inbox: Inbox, mayDie: (at: DeathPoint) => void): Inbox {
  const accept: Inbox["accept"] = async (message) => {
    mayDie("before commit");
    const acceptance = await inbox.accept(message);
    mayDie("after commit, before the reply");
    return acceptance;
  };
  return new Proxy(inbox, {
    get: (target, name) => {
      if (name === "accept") return accept;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function codeOf(error: unknown): string {
  return error instanceof WebhookError ? error.code : String(error);
}

function hintOf(error: unknown): string | null {
  return error instanceof WebhookError ? (error.hint ?? null) : null;
}
