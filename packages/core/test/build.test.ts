import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFetchHandler } from "../src/fetch.ts";
import { type Inbox, createReceiver } from "../src/index.ts";
import { SECRET, now, post } from "./support/deliveries.ts";

beforeEach(() => {
  vi.stubEnv("NEXT_PHASE", "phase-production-build");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test("a build that imports a receiver runs nothing and connects to nothing: the inbox is attached at the first delivery", async () => {
  const attach = vi.fn(() => ({ idle: async () => {}, close: async () => {} }));
  const inbox: Inbox = { accept: async () => ({ duplicate: false }), attach };
  createFetchHandler({ signingSecret: SECRET, inbox });
  const receiver = createReceiver({ signingSecret: SECRET, now, inbox });
  await receiver.idle();
  expect(attach).not.toHaveBeenCalled();
  expect((await receiver.receive(post())).status).toBe(200);
  expect((await receiver.receive(post({ id: "msg_2" }))).status).toBe(200);
  expect(attach).toHaveBeenCalledOnce();
  await receiver.close();
});

test("the memory inbox too", async () => {
  const onAny = vi.fn();
  const receiver = createReceiver({ signingSecret: SECRET, now, onAny });
  expect((await receiver.receive(post())).status).toBe(200);
  await receiver.idle();
  expect(onAny).toHaveBeenCalledOnce();
});
