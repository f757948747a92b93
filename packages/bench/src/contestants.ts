import { verifyWebhook } from "@clerk/backend/webhooks";
import { createVerifier, parseEvent } from "@diffio-webhooks/core";
import type { SignedMessage } from "@diffio-webhooks/core/testing";
import { sign as signForGithub, verify as verifyGithub } from "@octokit/webhooks-methods";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";
import type { ContestantId } from "./contestant-names.ts";
import { SIGNING_SECRET, isNode, makeMessage, messageCount, wholeRequestHeaders } from "./messages.ts";

// This file is bundled and runs on every runtime: it imports nothing that only Node has.

/** One message, with the headers that each contestant looks for. Every contestant starts from the bytes. */
export interface BenchMessage {
  readonly body: Uint8Array;
  /** Those of the sender; or with `wholeHeaders` all of the request. */
  readonly headers: Record<string, string>;
  /** The same values under the names that standardwebhooks knows. */
  readonly standardHeaders: Record<string, string>;
  readonly stripeSignature: string;
  readonly githubSignature: string;
}

/** Verifies one message; throws (or rejects) when it is not authentic. */
export type Operation = (message: BenchMessage) => unknown;

/** A contestant ready to run. */
export interface Contestant {
  readonly run: Operation;
  readonly isAsync: boolean;
}

const STRIPE_SECRET = "whsec_bench_0123456789abcdefghijklmnopqrstuv";
const GITHUB_SECRET = "bench-0123456789abcdefghijklmnopqrstuvwxyz";
/** `crypto.hash`, where the runtime has it. */
const nativeHash = globalThis.process?.getBuiltinModule?.("node:crypto")?.hash;
/** A block of the key, 41 bytes of id and timestamp, and a body that is not too large to be copied behind them. */
const scratch = new Uint8Array(64 + 41 + 16_384);
const outerBlocks = new Uint8Array(64 + 32);
const decoder = new TextDecoder();
const stripe = new Stripe("sk_test_bench");
/** One for all, as an app has one. */
const { verify } = createVerifier({ signingSecret: SIGNING_SECRET });

/** Prepares distinct messages of one size. */
export async function prepareMessages(bytes: number, wholeHeaders: boolean): Promise<BenchMessage[]> {
  const messages = Array.from({ length: messageCount(bytes) }, (_, serial) => makeMessage(bytes, serial));
  return Promise.all(messages.map((message) => withPeersHeaders(message, wholeHeaders)));
}

async function withPeersHeaders(
  message: Pick<SignedMessage, "headers" | "body">,
  wholeHeaders: boolean,
): Promise<BenchMessage> {
  const { body, headers } = message;
  const text = decoder.decode(body);
  return {
    body,
    headers: wholeHeaders ? wholeRequestHeaders(message) : headers,
    standardHeaders: {
      "webhook-id": headers["svix-id"],
      "webhook-timestamp": headers["svix-timestamp"],
      "webhook-signature": headers["svix-signature"],
    },
    stripeSignature: await stripe.webhooks.generateTestHeaderStringAsync({
      payload: text,
      secret: STRIPE_SECRET,
    }),
    githubSignature: await signForGithub(GITHUB_SECRET, text),
  };
}

/** Makes a contestant, or gives undefined where the runtime lacks what it needs. */
export function makeContestant(id: ContestantId): Contestant | undefined {
  switch (id) {
    case "ours-verify":
      return sync(({ headers, body }) => verify({ headers, body }));
    case "ours-event":
      return sync(({ headers, body }) => parseEvent(verify({ headers, body }).body));
    case "svix": {
      const webhook = new SvixWebhook(SIGNING_SECRET);
      // Returns nothing when all is well: the true is for the sink.
      return sync(({ headers, body }) => webhook.verify(toText(body), headers) ?? true);
    }
    case "svix-parse": {
      const webhook = new SvixWebhook(SIGNING_SECRET);
      return sync(({ headers, body }) => {
        const text = toText(body);
        webhook.verify(text, headers);
        return JSON.parse(text) as unknown;
      });
    }
    case "standardwebhooks-verify": {
      const webhook = new StandardWebhook(SIGNING_SECRET);
      return sync(
        ({ standardHeaders, body }) =>
          webhook.verify(toText(body), standardHeaders, { jsonParse: false }) ?? true,
      );
    }
    case "standardwebhooks": {
      const webhook = new StandardWebhook(SIGNING_SECRET);
      return sync(({ standardHeaders, body }) => webhook.verify(toText(body), standardHeaders));
    }
    case "stripe":
      return stripeContestant();
    case "octokit":
      return {
        isAsync: true,
        run: async ({ body, githubSignature }) => {
          if (await verifyGithub(GITHUB_SECRET, toText(body), githubSignature)) return true;
          throw new Error("octokit: not authentic");
        },
      };
    case "clerk":
      return {
        isAsync: true,
        run: ({ headers, body }) => {
          const request = new Request("https://hooks.example.com/", {
            method: "POST",
            headers,
            body,
          });
          return verifyWebhook(request, { signingSecret: SIGNING_SECRET });
        },
      };
    case "floor":
      return nativeHash && sync(floorOf(nativeHash));
    case "hash":
      return nativeHash && sync(({ body }) => nativeHash("sha256", body));
    case "json":
      return sync(({ body }) => JSON.parse(toText(body)) as unknown);
  }
}

/** `constructEvent` where stripe has synchronous crypto (Node); elsewhere the asynchronous form that it asks for. */
function stripeContestant(): Contestant {
  const { webhooks } = stripe;
  if (isNode) {
    // A Buffer is what it takes on Node; it decodes it itself.
    return sync(({ body, stripeSignature }) => webhooks.constructEvent(body, stripeSignature, STRIPE_SECRET));
  }
  return {
    isAsync: true,
    run: ({ body, stripeSignature }) =>
      webhooks.constructEventAsync(toText(body), stripeSignature, STRIPE_SECRET),
  };
}

/** What nobody can do without who hashes with `crypto.hash` and gives an event; no headers, no checks. */
function floorOf(hash: NonNullable<typeof nativeHash>): Operation {
  return ({ body }) => {
    const end = 105 + body.length;
    if (end <= scratch.length) {
      scratch.set(body, 105);
      hash("sha256", new Uint8Array(scratch.buffer, 0, end), "binary");
    } else {
      hash("sha256", body, "binary");
    }
    hash("sha256", outerBlocks, "binary");
    return JSON.parse(toText(body)) as unknown;
  };
}

function sync(run: Operation): Contestant {
  return { run, isAsync: false };
}

/** The conversion that peers who want a string make their callers pay for, in the fastest way that the runtime has. */
function toText(body: Uint8Array): string {
  return isNode ? (body as Buffer).toString() : decoder.decode(body);
}
