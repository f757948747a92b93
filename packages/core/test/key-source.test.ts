import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createReceiver } from "../src/index.ts";
import type { Reply } from "../src/index.ts";
import { sampleEvent, signMessage } from "../src/testing.ts";
import { SECRET, errorOf } from "./support/deliveries.ts";

vi.mock("../src/lib/timers.ts", () => import("@diffio-webhooks/test-support/fakeable-timers"));

const OTHER = "whsec_b3RoZXItc2VjcmV0LW9mLTI0LWJ5dGVz";
const FORGED = "whsec_Zm9yZ2VkLXNlY3JldC1vZi0yNC1ieXRl";

type Source = Parameters<typeof createReceiver<string>>[0];

let onRejected = vi.fn<(error: { code: string; hint?: string; cause?: unknown }) => void>();

beforeEach(() => {
  vi.useFakeTimers();
  onRejected = vi.fn<typeof onRejected>();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

/** Delivers a message that is signed with the secret, and gives the status and the code of the refusal. */
function receiverWith(
  signingSecret: NonNullable<Source>["signingSecret"],
): (secret: string, platform?: string) => Promise<string> {
  const receiver = createReceiver<string>({ signingSecret, onRejected });
  return async (secret, platform = "") => {
    const { headers, body } = signMessage({ signingSecret: secret, body: sampleEvent("generation.queued") });
    return outcome(await receiver.receive({ method: "POST", headers, body }, platform));
  };
}

function outcome({ status, body }: Reply): string {
  return status === 200 ? "200" : `${status} ${(JSON.parse(body) as { error: string }).error}`;
}

describe("an async function without a parameter", () => {
  test("is asked once for 3,000 forged deliveries at once, and once in five seconds for those that follow", async () => {
    const source = vi.fn(async () => SECRET);
    const deliver = receiverWith(() => source());
    const replies = await Promise.all(Array.from({ length: 3000 }, () => deliver(FORGED)));
    expect(new Set(replies)).toEqual(new Set(["400 no_matching_signature"]));
    expect(source).toHaveBeenCalledTimes(1);
    for (let second = 0; second < 20; second++) {
      for (let count = 0; count < 10; count++) await deliver(FORGED);
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(source.mock.calls.length).toBeLessThanOrEqual(5);
  });

  test("its answer is kept for a minute", async () => {
    const source = vi.fn(async () => SECRET);
    const deliver = receiverWith(() => source());
    for (let count = 0; count < 100; count++) expect(await deliver(SECRET)).toBe("200");
    await vi.advanceTimersByTimeAsync(59_000);
    expect(await deliver(SECRET)).toBe("200");
    expect(source).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await deliver(SECRET)).toBe("200");
    expect(source).toHaveBeenCalledTimes(2);
  });

  test("a rotation is seen as soon as something is signed with the new secret, and a retired one within a minute", async () => {
    let secret = SECRET;
    const deliver = receiverWith(async () => secret);
    expect(await deliver(SECRET)).toBe("200");
    secret = OTHER;
    await vi.advanceTimersByTimeAsync(5000);
    expect(await deliver(SECRET)).toBe("200");
    expect(await deliver(OTHER)).toBe("200");
    expect(await deliver(SECRET)).toBe("400 no_matching_signature");
  });

  test("deliveries that wait for a renewal do not hold up those that verify", async () => {
    const answers = [Promise.resolve(SECRET), new Promise<string>(() => {})];
    const deliver = receiverWith(async () => answers.shift());
    expect(await deliver(SECRET)).toBe("200");
    await vi.advanceTimersByTimeAsync(6000);
    const forged = deliver(FORGED);
    expect(await deliver(SECRET)).toBe("200");
    await vi.advanceTimersByTimeAsync(5000);
    expect(await forged).toBe("500 secret_unavailable");
    expect(await deliver(SECRET)).toBe("200");
  });

  test("a failure is not kept", async () => {
    const answers: (() => Promise<string>)[] = [
      () => Promise.reject(new Error("The vault is closed.")),
      () => Promise.resolve(SECRET),
    ];
    const deliver = receiverWith(async () => answers.shift()?.());
    expect(await deliver(SECRET)).toBe("500 secret_unavailable");
    expect(await deliver(SECRET)).toBe("200");
  });

  test("one that never resolves ends after 5 s, for all that wait", async () => {
    const source = vi.fn(() => new Promise<string>(() => {}));
    const deliver = receiverWith(() => source());
    const replies = Promise.all([deliver(SECRET), deliver(SECRET), deliver(FORGED)]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await replies).toEqual(Array.from({ length: 3 }, () => "500 secret_unavailable"));
    expect(source).toHaveBeenCalledTimes(1);
    const later = deliver(SECRET);
    expect(source).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await later).toBe("500 secret_unavailable");
  });
});

describe("a function of the platform", () => {
  test("is asked for each delivery, and a sync one too", async () => {
    for (const source of [
      async (tenant: string) => (tenant === "a" ? SECRET : OTHER),
      (tenant: string) => (tenant === "a" ? SECRET : OTHER),
    ]) {
      const deliver = receiverWith(source);
      expect(await deliver(SECRET, "a")).toBe("200");
      expect(await deliver(OTHER, "b")).toBe("200");
      expect(await deliver(SECRET, "b")).toBe("400 no_matching_signature");
    }
  });

  test("at most 100 calls are under way; the next delivery gets 503", async () => {
    let calls = 0;
    const deliver = receiverWith((_tenant: string) => {
      calls += 1;
      return new Promise<string>(() => {});
    });
    const waiting = Promise.all(Array.from({ length: 100 }, () => deliver(FORGED)));
    expect(await deliver(SECRET)).toBe("503 receiver_busy");
    expect(calls).toBe(100);
    await vi.advanceTimersByTimeAsync(5000);
    expect(new Set(await waiting)).toEqual(new Set(["500 secret_unavailable"]));
    const next = deliver(SECRET);
    expect(calls).toBe(101);
    await vi.advanceTimersByTimeAsync(5000);
    await next;
  });

  test("a sync one that returns nothing usable: 500, with the reason", async () => {
    const deliver = receiverWith((_tenant: string) => undefined);
    expect(await deliver(SECRET)).toBe("500 secret_unavailable");
    expect(onRejected.mock.lastCall?.[0].hint).toMatch(/DIFFIO_WEBHOOK_SECRET/);
  });
});

describe("without a secret in the environment", () => {
  test("a receiver is not made, and the hint speaks of .env files", () => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", undefined);
    const error = errorOf(() => createReceiver());
    expect(error.code).toBe("invalid_secret");
    expect(error.hint).toMatch(/--env-file/);
  });

  test.each([
    ["NEXT_PHASE", "phase-production-build"],
    ["npm_lifecycle_event", "build"],
    ["npm_lifecycle_event", "build:app"],
  ])("a build (%s=%s) may import it: the secret is looked for at the first delivery", async (name, value) => {
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", undefined);
    vi.stubEnv(name, value);
    const deliver = receiverWith(undefined);
    expect(await deliver(SECRET)).toBe("500 secret_unavailable");
    vi.stubEnv("DIFFIO_WEBHOOK_SECRET", SECRET);
    expect(await deliver(SECRET)).toBe("200");
    expect(await deliver(FORGED)).toBe("400 no_matching_signature");
  });
});
