import type { MessageStore } from "@diffio-webhooks/core/inbox";
import type { StoreClient } from "./store-client.ts";

/** The message store: each call is one of the worker. */
export function createSqliteStore({ call, close }: StoreClient): MessageStore {
  return {
    accept: (...args) => call("accept", ...args),
    claim: (...args) => call("claim", ...args),
    finish: (...args) => call("finish", ...args),
    register: () => call("register"),
    renew: (...args) => call("renew", ...args),
    takeOver: (owner) => call("takeOver", owner),
    leave: (owner) => call("leave", owner),
    look: (...args) => call("look", ...args),
    isActive: (receiver) => call("isActive", receiver),
    clockSetBack: (byMs) => call("clockSetBack", byMs),
    counts: () => call("counts"),
    list: (...args) => call("list", ...args),
    body: (seq) => call("body", seq),
    requeue: (seq) => call("requeue", seq),
    remove: (seq) => call("remove", seq),
    listDead: (...args) => call("listDead", ...args),
    replay: (place) => call("replay", place),
    discard: (place) => call("discard", place),
    countDead: (filter) => call("countDead", filter),
    replayOldest: (...args) => call("replayOldest", ...args),
    pause: (receiver) => call("pause", receiver),
    resume: (receiver) => call("resume", receiver),
    prune: (...args) => call("prune", ...args),
    close,
  };
}
