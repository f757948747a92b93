import { setTimeout } from "@diffio-webhooks/core/inbox";
import { env } from "cloudflare:workers";
import { WebhookError } from "@diffio-webhooks/core";
import type { InboxObject } from "./object-protocol.ts";

/** All messages are in one object, whose place in the world is where it was first used. */
const OBJECT_NAME = "inbox";
const MAX_TRIES = 3;
const RETRY_MS = 100;

/** The part of a Durable Object's namespace that is used here. */
interface ObjectNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): InboxObject;
}

type NamesOf<Bindings, Binding> = {
  [Name in keyof Bindings & string]: Bindings[Name] extends Binding ? Name : never;
}[keyof Bindings & string];

/**
 * The names of those bindings of the Worker that have the methods of `Binding`, where the Worker's bindings are
 * declared (`wrangler types`); any string where they are not.
 */
export type BindingName<Binding> = keyof Cloudflare.Env extends never
  ? string
  : NamesOf<Cloudflare.Env, Binding>;

/** Calls the Durable Object. */
export type CallObject = <Result>(call: (object: InboxObject) => Promise<Result>) => Promise<Result>;

/**
 * Makes what calls the Durable Object behind a binding. What failed on the way is tried again, as Cloudflare advises:
 * an object restarts with each deploy.
 *
 * Calls reject with a WebhookError `inbox_unavailable`.
 */
export function objectCaller(bindingName: string): CallObject {
  return async (call) => {
    for (let tries = 1; ; tries++) {
      try {
        const namespace = findNamespace(bindingName);
        // A stub that has failed once stays broken.
        return await call(namespace.get(namespace.idFromName(OBJECT_NAME)));
      } catch (cause) {
        if (tries < MAX_TRIES && isRetryable(cause)) {
          await pause(RETRY_MS * 2 ** tries);
          continue;
        }
        if (cause instanceof WebhookError) throw cause;
        throw new WebhookError("inbox_unavailable", `The Durable Object ${bindingName} could not be used.`, {
          hint:
            "The cause says why. Does the Worker export DiffioInbox, and does wrangler.jsonc name it in " +
            "durable_objects.bindings and in new_sqlite_classes of its migrations?",
          cause,
        });
      }
    }
  };
}

/** Waits. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

function findNamespace(bindingName: string): ObjectNamespace {
  const binding = (env as Record<string, unknown>)[bindingName];
  if (typeof binding === "object" && binding !== null && "idFromName" in binding) {
    return binding as ObjectNamespace;
  }
  throw new WebhookError("inbox_unavailable", `The Worker has no Durable Object bound as ${bindingName}.`, {
    hint: `Add { "name": "${bindingName}", "class_name": "DiffioInbox" } to durable_objects.bindings in wrangler.jsonc.`,
  });
}

/** https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
function isRetryable(error: unknown): boolean {
  return (
    error instanceof Error &&
    "retryable" in error &&
    error.retryable === true &&
    !("overloaded" in error && error.overloaded === true)
  );
}
