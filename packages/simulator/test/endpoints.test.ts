import { WebhookError } from "@diffio-webhooks/core";
import { describe, expect, test } from "vitest";
import { type Arrived, recordingReceiver } from "./support/receivers.ts";
import { verifyWithBoth } from "./support/signatures.ts";
import { sendOne, start } from "./support/simulators.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const DAY = 24 * 3600;

describe("an endpoint", () => {
  test("is made, listed, changed and removed", async () => {
    const simulator = await start();
    const [{ id: apiKeyId } = { id: "" }] = await simulator.apiKeys.list();
    const endpoint = await simulator.endpoints.create({ url: "http://localhost:9/a", signingSecret: SECRET });
    expect(endpoint).toEqual({
      id: expect.stringMatching(/^ep_[0-9A-Za-z]{27}$/),
      apiKeyId,
      url: "http://localhost:9/a",
      eventTypes: [],
      modes: ["test", "live"],
      headers: {},
      signingSecret: SECRET,
      previousSecrets: [],
      disabled: false,
      disabledBecause: null,
      failingSince: null,
      createdAt: simulator.clock.now(),
    });
    const second = await simulator.endpoints.create({ url: "https://example.org/" });
    expect(second.signingSecret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/);

    const changes = {
      url: "http://localhost:9/b",
      eventTypes: ["generation.failed"],
      headers: { "X-A": "1" },
    } as const;
    const changed = { ...endpoint, ...changes, headers: { "x-a": "1" } };
    expect(await simulator.endpoints.update(endpoint.id, changes)).toEqual(changed);
    expect(await simulator.endpoints.get(endpoint.id)).toEqual(changed);
    expect(await simulator.endpoints.list()).toEqual([changed, second]);

    await simulator.endpoints.remove(endpoint.id);
    expect(await simulator.endpoints.list()).toEqual([second]);
    await expect(simulator.endpoints.get(endpoint.id)).rejects.toMatchObject({ code: "not_found" });
  });

  test.each([
    { what: "no url", options: {} },
    { what: "no URL", options: { url: "localhost:3000" } },
    { what: "a path", options: { url: "/webhooks" } },
    { what: "a file", options: { url: "file:///etc/passwd" } },
    { what: "an unknown type", options: { eventTypes: ["generation.complete"] } },
    { what: "types that are no list", options: { eventTypes: "generation.completed" } },
    { what: "an unknown mode", options: { modes: ["prod"] } },
    { what: "no mode at all", options: { modes: [] } },
    { what: "a header of the sender's", options: { headers: { "Svix-Id": "x" } } },
    { what: "a content type", options: { headers: { "content-type": "text/plain" } } },
    { what: "a header name that is none", options: { headers: { "a b": "x" } } },
    { what: "a line break in a header", options: { headers: { a: "x\r\nb: y" } } },
    { what: "a header that is no string", options: { headers: { a: 1 } } },
    { what: "headers that are a list", options: { headers: ["a"] } },
  ])("with $what is refused, with a hint", async ({ what, options }) => {
    const simulator = await start();
    const whole = { ...(what !== "no url" && { url: "http://localhost:9/" }), ...options };
    const refusal = expect.objectContaining({ code: "invalid_option", hint: expect.stringMatching(/\w/) });
    await expect(simulator.endpoints.create(whole as { url: string })).rejects.toEqual(refusal);
    const { id } = await simulator.endpoints.create({ url: "http://localhost:9/" });
    if (what !== "no url")
      await expect(simulator.endpoints.update(id, options as object)).rejects.toEqual(refusal);
    expect(await simulator.endpoints.list()).toMatchObject([{ id, url: "http://localhost:9/" }]);
  });

  test.each(["", "whsec_", "whsec_c2hvcnQ=", ` ${SECRET}`, null, [SECRET]])(
    "with the secret %j is refused, as a receiver would",
    async (signingSecret) => {
      const simulator = await start();
      const url = "http://localhost:9/";
      const creating = simulator.endpoints.create({ url, signingSecret: signingSecret as string });
      await expect(creating).rejects.toThrow(WebhookError);
      await expect(creating).rejects.toMatchObject({ code: "invalid_secret" });
    },
  );

  test("that is not there is told so by every operation", async () => {
    const { endpoints, recover, replayMissing, clock } = await start();
    const since = clock.now();
    const refusals = [
      endpoints.get("ep_1"),
      endpoints.update("ep_1", {}),
      endpoints.enable("ep_1"),
      endpoints.disable("ep_1"),
      endpoints.remove("ep_1"),
      endpoints.rotateSecret("ep_1"),
      endpoints.create({ url: "http://localhost:9/", apiKeyId: "key_1" }),
      recover("ep_1", { since }),
      replayMissing("ep_1", { since }),
    ];
    await Promise.all(
      refusals.map((refusal) => expect(refusal).rejects.toMatchObject({ code: "not_found" })),
    );
  });
});

describe("a rotation", () => {
  test("lets both secrets sign, the newest first, until the grace period is over", async () => {
    const receiver = await recordingReceiver();
    const simulator = await start();
    const { id, signingSecret: first } = await simulator.endpoints.create({ url: receiver.url });
    const second = await simulator.endpoints.rotateSecret(id, { graceInSeconds: 3600 });
    const third = await simulator.endpoints.rotateSecret(id);
    const now = simulator.clock.now().getTime();
    expect(await simulator.endpoints.get(id)).toMatchObject({
      signingSecret: third,
      previousSecrets: [
        { signingSecret: second, expiresAt: new Date(now + DAY * 1000) },
        { signingSecret: first, expiresAt: new Date(now + 3_600_000) },
      ],
    });

    await sendOne(simulator);
    await simulator.clock.advance(3600);
    await sendOne(simulator);
    await simulator.clock.advance(DAY - 3600);
    await sendOne(simulator);

    const [all, two, one] = receiver.arrived as [Arrived, Arrived, Arrived];
    const counts = [all, two, one].map(({ headers }) => String(headers["svix-signature"]).split(" ").length);
    expect(counts).toEqual([3, 2, 1]);
    for (const secret of [first, second, third]) verifyWithBoth(secret, all);
    for (const secret of [second, third]) verifyWithBoth(secret, two);
    verifyWithBoth(third, one);
    expect(() => verifyWithBoth(first, two)).toThrow();
    expect(() => verifyWithBoth(second, one)).toThrow();
    // The newest alone gives the first signature.
    const newest = String(all.headers["svix-signature"]).split(" ")[0];
    verifyWithBoth(third, { ...all, headers: { ...all.headers, "svix-signature": newest } });
  });

  test("without a grace period ends the old secret at once", async () => {
    const receiver = await recordingReceiver();
    const simulator = await start();
    const { id, signingSecret } = await simulator.endpoints.create({ url: receiver.url });
    const next = await simulator.endpoints.rotateSecret(id, { graceInSeconds: 0, signingSecret: SECRET });
    expect(next).toBe(SECRET);
    await sendOne(simulator);
    verifyWithBoth(SECRET, receiver.arrived[0] as Arrived);
    expect(() => verifyWithBoth(signingSecret, receiver.arrived[0] as Arrived)).toThrow();
  });

  test("keeps ten old secrets, and refuses a grace period of more than 7 days", async () => {
    const simulator = await start();
    const { id } = await simulator.endpoints.create({ url: "http://localhost:9/" });
    for (let count = 0; count < 15; count++) await simulator.endpoints.rotateSecret(id);
    expect((await simulator.endpoints.get(id)).previousSecrets).toHaveLength(10);
    for (const graceInSeconds of [7 * DAY + 1, -1, Number.NaN]) {
      const rotating = simulator.endpoints.rotateSecret(id, { graceInSeconds });
      await expect(rotating).rejects.toMatchObject({ code: "invalid_option" });
    }
  });
});

describe("a disabled endpoint", () => {
  test("gets nothing, and enabling it does not send what it missed", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    const { id } = await simulator.endpoints.create({ url: receiver.url });
    const failed = await sendOne(simulator);
    expect(await simulator.endpoints.disable(id)).toMatchObject({ disabled: true, disabledBecause: "asked" });
    expect((await simulator.messages.get(failed)).destinations).toMatchObject([
      { state: "failed", nextAttemptAt: null },
    ]);
    const missed = await sendOne(simulator);
    await simulator.clock.advance(100);
    expect((await simulator.messages.get(missed)).destinations).toEqual([]);
    await expect(simulator.resend(failed, { endpointId: id })).rejects.toMatchObject({
      code: "endpoint_disabled",
    });
    await expect(simulator.resend(failed)).rejects.toMatchObject({ code: "endpoint_disabled" });
    const since = new Date(simulator.clock.now().getTime() - 1000);
    await expect(simulator.recover(id, { since })).rejects.toMatchObject({ code: "endpoint_disabled" });

    expect(await simulator.endpoints.enable(id)).toMatchObject({ disabled: false, disabledBecause: null });
    await simulator.clock.advance(2 * DAY);
    expect(receiver.arrived).toHaveLength(1);
  });

  test("is one that has failed for 5 days of the simulated clock", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    const { id } = await simulator.endpoints.create({ url: receiver.url });
    const since = simulator.clock.now();
    for (let day = 0; day < 5; day++) {
      await sendOne(simulator);
      await simulator.clock.advance(DAY - (day === 4 ? 1 : 0));
      expect(await simulator.endpoints.get(id)).toMatchObject({ disabled: false, failingSince: since });
    }
    await sendOne(simulator);
    expect(await simulator.endpoints.get(id)).toMatchObject({ disabled: false });
    await simulator.clock.advance(DAY);
    expect(await simulator.endpoints.get(id)).toMatchObject({ disabled: true, disabledBecause: "failing" });
    const count = receiver.arrived.length;
    await sendOne(simulator);
    await simulator.clock.advance(10 * DAY);
    expect(receiver.arrived).toHaveLength(count);

    receiver.answer(200);
    expect(await simulator.endpoints.enable(id)).toMatchObject({ disabled: false, failingSince: null });
    await sendOne(simulator);
    expect(receiver.arrived).toHaveLength(count + 1);
  });

  test("is not one that had a success in between", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    const { id } = await simulator.endpoints.create({ url: receiver.url });
    for (let day = 0; day < 8; day++) {
      receiver.answer(day === 3 ? 200 : 500);
      await sendOne(simulator);
      await simulator.clock.advance(DAY);
    }
    expect((await simulator.endpoints.get(id)).disabled).toBe(false);
  });
});

describe("an API key", () => {
  test("is made with a name, and removed when it has no endpoints", async () => {
    const simulator = await start();
    const apiKey = await simulator.apiKeys.create({ name: "CI", kind: "agent", scopes: [] });
    expect(apiKey).toMatchObject({ name: "CI", kind: "agent", scopes: [] });
    const [first, second] = await simulator.apiKeys.list();
    expect([first?.token, second]).toEqual([simulator.apiKey, apiKey]);

    const { id } = await simulator.endpoints.create({ url: "http://localhost:9/", apiKeyId: apiKey.id });
    expect(await simulator.endpoints.list({ apiKeyId: apiKey.id })).toMatchObject([{ id }]);
    expect(await simulator.endpoints.list({ apiKeyId: String(first?.id) })).toEqual([]);
    await expect(simulator.apiKeys.remove(apiKey.id)).rejects.toMatchObject({ code: "invalid_option" });
    await simulator.endpoints.remove(id);
    await simulator.apiKeys.remove(apiKey.id);
    await expect(simulator.apiKeys.remove(apiKey.id)).rejects.toMatchObject({ code: "not_found" });
    await expect(simulator.apiKeys.remove(String(first?.id))).rejects.toMatchObject({
      code: "invalid_option",
    });
  });

  test.each([{}, { name: " " }, { name: "a", kind: "root" }, { name: "a", scopes: "x" }, null])(
    "is not made of %j",
    async (options) => {
      const simulator = await start();
      const creating = simulator.apiKeys.create(options as { name: string });
      await expect(creating).rejects.toMatchObject({ code: "invalid_option" });
    },
  );
});
