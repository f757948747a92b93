import { environment, isBuild } from "../environment.ts";
import { WebhookError } from "../errors.ts";
import { withinSeconds } from "../time-limit.ts";
import { monotonicSeconds } from "../timers.ts";
import {
  type ImportSecret,
  type SigningKey,
  type SigningSecrets,
  importSigningSecret,
  importSigningSecrets,
} from "./keys.ts";
import { noSecret, noSecretOfSender } from "./secret.ts";

/** Where secrets come from: themselves, or a function of the platform (`(c) => c.env.…`), sync or async. */
export type SigningSecretSource<Platform> =
  | SigningSecrets
  | ((platform: Platform) => SigningSecrets | undefined | Promise<SigningSecrets | undefined>);

type Keys = readonly SigningKey[];

/** A receiver's keys. */
export interface KeySource<Platform> {
  /** Whether signatures of version 1 are the only ones that can match. */
  readonly isSymmetric: boolean;
  /** The keys for a delivery. Throws or rejects with a WebhookError `secret_unavailable` or `receiver_busy`. */
  get(platform: Platform): Keys | Promise<Keys>;
  /** If no key has matched: newer keys than those tried, if there may be any. */
  renew(tried: Keys, platform: Platform): Keys | Promise<Keys> | undefined;
}

/** Secrets that come from a function are decoded once and kept by their text, up to this many. */
const MAX_CACHED_KEYS = 100;
const MAX_CALL_SECONDS = 5;
const MAX_CALLS = 100;
const KEPT_SECONDS = 60;
const RENEWAL_SECONDS = 5;

/**
 * Makes the source of a receiver's keys. Fixed secrets are imported now. A function is called for each delivery, except
 * an async one without a parameter: it is called once for all waiting deliveries, and its result is kept for a minute.
 *
 * @param isOwnSender whether the environment's secret is that of the sender: it is Diffio's.
 * @throws WebhookError `invalid_secret`
 */
export function createKeySource<Platform>(
  source: SigningSecretSource<Platform> | undefined,
  isOwnSender = true,
): KeySource<Platform> {
  if (typeof source === "function") return functionSource(source);
  const fallback = isOwnSender ? signingSecretFromEnv : (): undefined => undefined;
  const secrets = source ?? fallback();
  if (secrets === undefined) {
    // A build imports routes without the environment in which they will run.
    if (isBuild()) return functionSource<unknown>(fallback);
    throw isOwnSender ? noSecret() : noSecretOfSender();
  }
  const keys = importSigningSecrets(secrets);
  return { isSymmetric: keys.every((key) => key.isSymmetric), get: () => keys, renew: () => undefined };
}

function functionSource<Platform>(
  source: (platform: Platform) => SigningSecrets | undefined | Promise<SigningSecrets | undefined>,
): KeySource<Platform> {
  const importCached = secretCache();
  const isShared = source.length === 0;
  let calls = 0;
  const toKeys = (secrets: SigningSecrets | undefined | null): Keys => {
    if (secrets === undefined || secrets === null) throw noSecret();
    return importSigningSecrets(secrets, importCached);
  };

  function ask(platform: Platform): Keys | Promise<Keys> {
    if (calls >= MAX_CALLS) {
      throw new WebhookError(
        "receiver_busy",
        `${MAX_CALLS} calls of the signingSecret function are waiting already.`,
        {
          hint: "The function is slow: cache what it fetches, or, if all deliveries share a secret, omit its parameter.",
        },
      );
    }
    try {
      const answer = source(platform);
      if (!(answer instanceof Promise)) return toKeys(answer);
      calls += 1;
      return withinSeconds(answer, MAX_CALL_SECONDS, () => new Error(`It took over ${MAX_CALL_SECONDS} s.`))
        .then(toKeys)
        .catch((cause: unknown) => {
          throw unavailable(cause);
        })
        .finally(() => {
          calls -= 1;
        });
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  return isShared
    ? { isSymmetric: false, ...sharedKeys(ask) }
    : { isSymmetric: false, get: ask, renew: () => undefined };
}

/** Calls once for all waiting deliveries, and keeps the result of an async function for a minute. */
function sharedKeys<Platform>(
  ask: (platform: Platform) => Keys | Promise<Keys>,
): Pick<KeySource<Platform>, "get" | "renew"> {
  let kept: { readonly keys: Keys; readonly askedAt: number } | undefined;
  let call: { readonly keys: Promise<Keys>; readonly askedAt: number } | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;

  function askNow(platform: Platform): Keys | Promise<Keys> {
    const now = monotonicSeconds();
    if (call && now - call.askedAt < MAX_CALL_SECONDS) {
      // Each waiting delivery has its own limit: on Workers, a call made by another request may never settle.
      return withinSeconds(call.keys, MAX_CALL_SECONDS, () => unavailable(new Error("It takes too long.")));
    }
    const keys = ask(platform);
    if (!(keys instanceof Promise)) return keys;
    askedAt = now;
    const mine = { keys, askedAt: now };
    call = mine;
    return keys
      .then((known) => {
        kept = { keys: known, askedAt: now };
        return known;
      })
      .finally(() => {
        if (call === mine) call = undefined;
      });
  }

  return {
    get: (platform) =>
      kept && monotonicSeconds() - kept.askedAt < KEPT_SECONDS ? kept.keys : askNow(platform),
    renew(tried, platform) {
      if (!kept) return undefined;
      if (kept.keys !== tried) return kept.keys;
      return call || monotonicSeconds() - askedAt >= RENEWAL_SECONDS ? askNow(platform) : undefined;
    },
  };
}

function unavailable(cause: unknown): WebhookError {
  const known = cause instanceof WebhookError;
  return new WebhookError(
    "secret_unavailable",
    known ? `There is no usable signing secret. ${cause.message}` : "The signingSecret function failed.",
    { hint: known ? cause.hint : "Nothing was verified, and the sender will retry. See the cause.", cause },
  );
}

function secretCache(): ImportSecret {
  const cache = new Map<unknown, SigningKey>();
  return (secret) => {
    const cached = cache.get(secret);
    if (cached) return cached;
    const key = importSigningSecret(secret);
    if (cache.size >= MAX_CACHED_KEYS) cache.clear();
    cache.set(secret, key);
    return key;
  };
}

/** `DIFFIO_WEBHOOK_SECRET` of the process environment, on runtimes that have one. */
export function signingSecretFromEnv(): string | undefined {
  return environment()["DIFFIO_WEBHOOK_SECRET"];
}
