import { afterEach, describe, expect, test, vi } from "vitest";
import { WebhookError, memoryInbox } from "../src/index.ts";
import type {
  AcceptedMessage,
  AttachedReceiver,
  Delivery,
  Inbox,
  Observer,
  ReceiverOptions,
} from "../src/index.ts";
import { sampleEvent } from "../src/testing.ts";
import { COMPLETED, MESSAGE_ID, OTHER_SECRET, post } from "./support/deliveries.ts";
import { acceptOnly, openReceiver } from "./support/receivers.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** One step with what was observed, durations as "some" where they are a plausible number. */
type Step = readonly [step: string, observed: Record<string, unknown>];

function isDuration(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value < 3600;
}

/** An observer that keeps all it sees. */
function keeper(): { readonly steps: Step[]; readonly observer: Required<Observer> } {
  const steps: Step[] = [];
  const keep =
    (step: string) =>
    (observed: object): void => {
      const entries = Object.entries(observed).map(([name, value]) => [
        name,
        name.endsWith("InSeconds") && isDuration(value) ? "some" : (value as unknown),
      ]);
      steps.push([step, Object.fromEntries(entries) as Record<string, unknown>]);
    };
  return {
    steps,
    observer: {
      received: keep("received"),
      refused: keep("refused"),
      duplicate: keep("duplicate"),
      accepted: keep("accepted"),
      runStarted: keep("runStarted"),
      runEnded: keep("runEnded"),
    },
  };
}

async function stepsOf(
  options: ReceiverOptions,
  deliveries: readonly Delivery[] = [post()],
): Promise<Step[]> {
  const { steps, observer } = keeper();
  const receiver = openReceiver({ ...options, observer });
  for (const delivery of deliveries) {
    await receiver.receive(delivery, "the platform");
    await receiver.idle();
  }
  return steps;
}

const names = (steps: readonly Step[]): string[] => steps.map(([step]) => step);
const fails = (): never => {
  throw new Error("as told");
};

describe("a delivery", () => {
  test("that is accepted and run", async () => {
    const delivery = post();
    const seen = { receiver: "music", delivery, platform: "the platform" };
    const steps = await stepsOf({ name: "music" }, [delivery]);
    const message = steps[1]?.[1]["message"] as AcceptedMessage;
    expect(steps).toEqual([
      ["received", seen],
      ["accepted", { ...seen, message, durationInSeconds: "some" }],
      ["runStarted", { message, run: 1, waitInSeconds: "some" }],
      ["runEnded", { message, run: 1, durationInSeconds: "some" }],
    ]);
    expect(message).toMatchObject({
      receiver: "music",
      messageId: MESSAGE_ID,
      eventType: "generation.completed",
    });
    expect(steps[2]?.[1]["message"]).toBe(message);
  });

  const noEvent = "null";
  test.each<[code: string, Delivery, ReceiverOptions?]>([
    ["method_not_allowed", post({}, { method: "GET" })],
    ["missing_header", post({}, { headers: {} })],
    ["unsupported_content_encoding", post({}, { headers: { "content-encoding": "gzip" } })],
    ["timestamp_too_old", post({ timestamp: "1" })],
    ["no_matching_signature", post({ secret: OTHER_SECRET })],
    ["body_already_parsed", post({}, { body: () => ({}) as unknown as string })],
    ["body_too_large", post(), { maxBodyBytes: 1 }],
    ["invalid_payload", post({ body: noEvent })],
    ["secret_unavailable", post(), { signingSecret: fails }],
    ["inbox_unavailable", post(), { inbox: acceptOnly(fails) }],
    ["receiver_busy", post(), { inbox: { ...acceptOnly(), isFull: () => true } }],
    ["handler_failed", post(), { onAny: fails, acknowledge: "after-handlers" }],
  ])("that is refused with %s", async (code, delivery, options = {}) => {
    const steps = (await stepsOf(options, [delivery])).filter(([step]) => !step.startsWith("run"));
    const seen = { receiver: "default", delivery, platform: "the platform" };
    const error = steps[1]?.[1]["error"];
    expect(steps).toEqual([
      ["received", seen],
      ["refused", { ...seen, error, durationInSeconds: "some" }],
    ]);
    expect(error).toBeInstanceOf(WebhookError);
    expect(error).toMatchObject({ code });
  });

  test("to a receiver that is closed", async () => {
    const { steps, observer } = keeper();
    const receiver = openReceiver({ observer });
    await receiver.close();
    await receiver.receive(post());
    expect(names(steps)).toEqual(["received", "refused"]);
    expect(steps[1]?.[1]["error"]).toMatchObject({ code: "receiver_closed" });
  });

  test("is the same object in each of its steps", async () => {
    const delivery = post();
    const steps = await stepsOf({}, [delivery, delivery]);
    for (const [step, observed] of steps) {
      if (!step.startsWith("run")) expect(observed["delivery"]).toBe(delivery);
    }
    expect(names(steps)).toEqual(["received", "accepted", "runStarted", "runEnded", "received", "duplicate"]);
  });
});

describe("a duplicate", () => {
  const other = JSON.stringify(sampleEvent("generation.failed"));

  /** Delivers one message twice, the second time while the first is being run. */
  async function meanwhile(body: string, options: ReceiverOptions = {}): Promise<Step | undefined> {
    const { steps, observer } = keeper();
    let finish: () => void = () => {};
    const bodies: string[] = [];
    const receiver = openReceiver({
      ...options,
      observer,
      onAny: (_event, { rawBody }) => {
        bodies.push(new TextDecoder().decode(rawBody));
        return new Promise<void>((resolve) => {
          finish = resolve;
        });
      },
    });
    const first = receiver.receive(post());
    await vi.waitFor(() => expect(bodies).toHaveLength(1));
    const second = receiver.receive(post({ body }));
    if (options.acknowledge) await vi.waitFor(() => expect(names(steps)).toHaveLength(3));
    else await second;
    finish();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    await receiver.idle();
    expect(bodies).toEqual([COMPLETED]);
    return steps.find(([step]) => step === "duplicate");
  }

  test.each<[string, ReceiverOptions]>([
    ["immediately", {}],
    ["after handlers", { acknowledge: "after-handlers" }],
  ])("acknowledged %s has the same body, or another one", async (_name, options) => {
    expect((await meanwhile(COMPLETED, options))?.[1]).toMatchObject({ sameBody: true });
    const [, observed] = (await meanwhile(other, options)) ?? [];
    expect(observed).toMatchObject({
      sameBody: false,
      durationInSeconds: "some",
      message: { eventType: "generation.failed" },
    });
  });

  test("of the same length and another body", async () => {
    const flipped = COMPLETED.replace("gen_", "gem_");
    expect(flipped).toHaveLength(COMPLETED.length);
    expect((await meanwhile(flipped))?.[1]).toMatchObject({ sameBody: false });
  });

  test("of a message that is done: the first stays, and nobody knows its body any more", async () => {
    const bodies: string[] = [];
    const onAny: ReceiverOptions["onAny"] = (_event, { rawBody }) =>
      void bodies.push(new TextDecoder().decode(rawBody));
    const steps = await stepsOf({ onAny }, [post(), post({ body: other })]);
    expect(bodies).toEqual([COMPLETED]);
    expect(steps.at(-1)).toMatchObject(["duplicate", { sameBody: undefined }]);
  });

  test("of an inbox that tells", async () => {
    const inbox = acceptOnly(() => ({ duplicate: true, sameBody: false }));
    expect((await stepsOf({ inbox })).at(-1)).toMatchObject(["duplicate", { sameBody: false }]);
  });
});

describe("a run", () => {
  test("that fails, and is followed by others", async () => {
    const error = new Error("as told");
    const steps = await stepsOf({
      inbox: memoryInbox({ backoffInSeconds: 0, maxRuns: 2 }),
      onAny: () => Promise.reject(error),
    });
    const { message } = steps[1]?.[1] ?? {};
    const failure = { succeeded: false, reason: "handler_failed", error };
    expect(steps.slice(2)).toEqual([
      ["runStarted", { message, run: 1, waitInSeconds: "some" }],
      ["runEnded", { message, run: 1, failure: { ...failure, final: false }, durationInSeconds: "some" }],
      ["runStarted", { message, run: 2, waitInSeconds: undefined }],
      ["runEnded", { message, run: 2, failure: { ...failure, final: true }, durationInSeconds: "some" }],
    ]);
  });

  test("that takes too long", async () => {
    const steps = await stepsOf({
      inbox: memoryInbox({ maxRuns: 1 }),
      handlerTimeoutInSeconds: 0.01,
      onAny: () => new Promise(() => {}),
    });
    expect(steps.at(-1)).toMatchObject([
      "runEnded",
      { failure: { reason: "handler_timeout", final: true, error: { code: "handler_timeout" } } },
    ]);
  });

  test('comes before the reply with acknowledge: "after-handlers"', async () => {
    expect(names(await stepsOf({ acknowledge: "after-handlers" }))).toEqual([
      "received",
      "runStarted",
      "runEnded",
      "accepted",
    ]);
    expect(names(await stepsOf({ acknowledge: "after-handlers", onAny: fails }))).toEqual([
      "received",
      "runStarted",
      "runEnded",
      "refused",
    ]);
  });

  test("that starts in another process: how long it waited is not known", async () => {
    const { steps, observer } = keeper();
    const attached: AttachedReceiver[] = [];
    openReceiver({ observer, inbox: attachable(attached) });
    await attached[0]?.run(stored(), { run: 1, final: false });
    expect(names(steps)).toEqual(["runStarted", "runEnded"]);
    expect(steps[0]?.[1]).toMatchObject({ waitInSeconds: undefined });
  });

  test("whose stored bytes are no event", async () => {
    const { steps, observer } = keeper();
    const attached: AttachedReceiver[] = [];
    openReceiver({ observer, inbox: attachable(attached) });
    await attached[0]?.run(stored("null"), { run: 1, final: false });
    expect(steps.at(-1)).toMatchObject(["runEnded", { failure: { reason: "invalid_payload", final: true } }]);
  });

  test.each([true, false])("that died with its process, the last one: %s", (final) => {
    const { steps, observer } = keeper();
    const attached: AttachedReceiver[] = [];
    openReceiver({ observer, inbox: attachable(attached) });
    const message = stored();
    attached[0]?.interrupted(message, { run: 2, final });
    const failure = { succeeded: false, reason: "run_interrupted", final };
    expect(steps).toEqual([
      ["runEnded", { message, run: 2, failure: { ...failure, error: expect.any(WebhookError) as unknown } }],
    ]);
  });
});

describe("a signed delivery that is not a valid event, with a durable inbox", () => {
  function stepsWith(duplicate: boolean): Promise<Step[]> {
    const inbox: Inbox = { ...acceptOnly(), acceptInvalid: () => Promise.resolve({ duplicate }) };
    return stepsOf({ inbox }, [post({ body: "null" })]);
  }

  test("is accepted, and goes to the dead letters without a run", async () => {
    const steps = await stepsWith(false);
    expect(names(steps)).toEqual(["received", "accepted", "runEnded"]);
    const [, ended] = steps[2] ?? [];
    expect(ended).toMatchObject({ run: 0, failure: { reason: "invalid_payload", final: true } });
    expect(ended).not.toHaveProperty("durationInSeconds");
    expect(ended?.["message"]).toBe(steps[1]?.[1]["message"]);
  });

  test("is a duplicate the second time", async () => {
    expect(names(await stepsWith(true))).toEqual(["received", "duplicate"]);
  });
});

describe("an observer", () => {
  test.each<[string, () => unknown]>([
    ["throws", fails],
    ["rejects", () => Promise.reject(new Error("as told"))],
  ])("that %s changes nothing, and is not hidden", async (_name, method) => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const observer: Observer = Object.fromEntries(
      Object.keys(keeper().observer).map((step) => [step, method]),
    );
    let runs = 0;
    const receiver = openReceiver({ observer, onAny: () => void runs++ });
    const deliveries = [post(), post(), post({ secret: OTHER_SECRET })];
    const replies: number[] = [];
    for (const delivery of deliveries) replies.push((await receiver.receive(delivery)).status);
    await receiver.idle();
    expect({ replies, runs }).toEqual({ replies: [200, 200, 400], runs: 1 });
    const failed = [...new Set(log.mock.calls.map(([text]) => String(text)))].toSorted();
    expect(failed).toEqual(
      ["accepted", "duplicate", "received", "refused", "runEnded", "runStarted"].map(
        (step) => `[diffio-webhooks] the hook observer.${step} failed:`,
      ),
    );
  });

  test("may be an object with a state of its own, and need not have every method", async () => {
    class Counter implements Observer {
      #accepted = 0;
      accepted(): void {
        this.#accepted += 1;
      }
      get count(): number {
        return this.#accepted;
      }
    }
    const observer = new Counter();
    const receiver = openReceiver({ observer });
    await receiver.receive(post());
    await receiver.idle();
    expect(observer.count).toBe(1);
  });

  test.each<[unknown]>([[null], [() => {}], ["metrics"], [{ accepted: 1 }], [{ runEnded: null }]])(
    "that is %j is refused when the receiver is made",
    (observer) => {
      const make = (): unknown => openReceiver({ observer: observer as Observer });
      expect(make).toThrow(expect.objectContaining({ code: "invalid_option" }) as Error);
    },
  );
});

function stored(body = COMPLETED): AcceptedMessage {
  return {
    receiver: "default",
    messageId: MESSAGE_ID,
    timestamp: new Date(),
    rawBody: new TextEncoder().encode(body),
  };
}

function attachable(attached: AttachedReceiver[]): Inbox {
  return {
    ...acceptOnly(),
    attach(receiver) {
      attached.push(receiver);
      return { idle: () => Promise.resolve(), close: () => Promise.resolve() };
    },
  };
}
