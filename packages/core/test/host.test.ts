import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createFetchHandler } from "../src/fetch.ts";
import { type Inbox, type ReceiverOptions, createReceiver, memoryInbox } from "../src/index.ts";
import { COMPLETED, SECRET, now, post, signedHeaders } from "./support/deliveries.ts";

let warn = vi.spyOn(console, "warn");
beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function deliver(options: ReceiverOptions = {}, delivery: Partial<Parameters<typeof post>[1]> = {}) {
  const receiver = createReceiver({ signingSecret: SECRET, now, onAny: () => {}, ...options });
  const replies = [];
  for (const id of ["msg_1", "msg_2", "msg_3"]) replies.push(await receiver.receive(post({ id }, delivery)));
  await receiver.idle();
  return replies;
}

const HOSTS: readonly (readonly [name: string, stub: () => void, hint: RegExp])[] = [
  [
    "Vercel",
    () => void vi.stubEnv("VERCEL", "1").stubEnv("AWS_LAMBDA_FUNCTION_NAME", "x"),
    /@vercel\/functions.*after/,
  ],
  ["AWS Lambda", () => void vi.stubEnv("AWS_LAMBDA_FUNCTION_NAME", "x"), /after-handlers/],
  [
    "Google Cloud Functions",
    () => void vi.stubEnv("FUNCTION_TARGET", "x").stubEnv("K_SERVICE", "x"),
    /after-handlers/,
  ],
  ["Google Cloud Run", () => void vi.stubEnv("K_SERVICE", "x"), /after-handlers/],
  [
    "Cloudflare Workers",
    () => void vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" }),
    /cloudflare:workers/,
  ],
  ["Supabase", () => void vi.stubGlobal("EdgeRuntime", { waitUntil: () => {} }), /EdgeRuntime\.waitUntil/],
];

describe.each(HOSTS)("on %s", (name, stub, hint) => {
  test("work that may be lost: one warning, with what to do", async () => {
    stub();
    await deliver();
    expect(warn).toHaveBeenCalledOnce();
    const [line] = warn.mock.calls[0] as [string];
    expect(line).toContain(name);
    expect(line).toMatch(hint);
  });

  test("no warning where nothing is lost", async () => {
    stub();
    await deliver({ waitUntil: () => {} });
    await deliver({}, { waitUntil: () => {} });
    await deliver({ acknowledge: "after-handlers" });
    const durable: Inbox = {
      accept: async () => ({ duplicate: false }),
      acceptInvalid: async () => ({ duplicate: false }),
    };
    await deliver({ inbox: durable });
    const receiver = createReceiver({ signingSecret: SECRET, now, onRejected: () => {} });
    await receiver.receive(post({}, { body: "forged" }));
    expect(warn).not.toHaveBeenCalled();
  });
});

test("elsewhere there is no warning", async () => {
  await deliver();
  expect(warn).not.toHaveBeenCalled();
});

describe("waitUntil", () => {
  test("gets the runs of each delivery, and the platform; what it throws changes nothing", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const given: [Promise<unknown>, unknown][] = [];
    let ended = 0;
    const receiver = createReceiver<string>({
      signingSecret: SECRET,
      now,
      onAny: async () => {
        ended += 1;
      },
      waitUntil(runs, platform) {
        given.push([runs, platform]);
        throw new Error("not here");
      },
    });
    expect((await receiver.receive(post(), "platform")).status).toBe(200);
    expect((await receiver.receive(post(), "platform")).status).toBe(200);
    expect(given).toHaveLength(1);
    await given[0]?.[0];
    expect([ended, given[0]?.[1]]).toEqual([1, "platform"]);
    expect(error).toHaveBeenCalledOnce();
  });

  test("never rejects, though the run fails", async () => {
    let runs: Promise<unknown> | undefined;
    await deliver({
      inbox: memoryInbox({ maxRuns: 1 }),
      onError: () => {},
      onAny: () => Promise.reject(new Error("no")),
      waitUntil: (given) => void (runs = given),
    });
    await expect(runs).resolves.toBeDefined();
  });

  test("createFetchHandler: the option, else the context's", async () => {
    const own = vi.fn();
    const waitUntil = vi.fn();
    const request = (id: string): Request =>
      new Request("http://localhost/", { method: "POST", headers: signedHeaders({ id }), body: COMPLETED });
    const options = { signingSecret: SECRET, now, onAny: () => {} };
    await createFetchHandler(options)(request("a"), { waitUntil });
    expect(waitUntil).toHaveBeenCalledOnce();
    await createFetchHandler({ ...options, waitUntil: own })(request("b"), { waitUntil });
    expect(own).toHaveBeenCalledOnce();
    expect(waitUntil).toHaveBeenCalledOnce();
    for (const context of [undefined, {}, { waitUntil: undefined }]) {
      expect((await createFetchHandler(options)(request("c"), context)).status).toBe(200);
    }
  });
});
