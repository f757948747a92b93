import { gzipSync } from "node:zlib";
import { Webhook } from "svix";
import { describe, expect, test } from "vitest";
import { type Arrived, recordingReceiver } from "./support/receivers.ts";
import { verifyWithBoth } from "./support/signatures.ts";
import { firstAttempt, sendOne, start } from "./support/simulators.ts";

describe("a delivery", () => {
  test("is what the sender sends", async () => {
    const receiver = await recordingReceiver();
    const simulator = await start();
    const { signingSecret } = await simulator.endpoints.create({
      url: `${receiver.url}?tenant=1`,
      headers: { "X-Tenant": "one" },
    });

    const sent = await simulator.sendTestEvent({
      eventType: "generation.failed",
      samplePayload: { apiProjectId: "proj_9", note: "é\n" },
    });
    await simulator.idle();

    const [arrived, ...more] = receiver.arrived;
    expect(more).toEqual([]);
    expect(arrived).toMatchObject({ method: "POST", path: "/webhooks/diffio?tenant=1", isWhole: true });
    expect(arrived?.headers).toMatchObject({
      "content-type": "application/json",
      "content-length": String(arrived?.body.length),
      "user-agent": expect.stringMatching(/^Svix-Webhooks\/\d/),
      "svix-id": sent.svixMessageId,
      "svix-timestamp": expect.stringMatching(/^\d{10}$/),
      "x-tenant": "one",
    });
    expect(sent.svixMessageId).toMatch(/^msg_[0-9A-Za-z]{27}$/);
    verifyWithBoth(signingSecret, arrived as Arrived);
    expect(JSON.parse(String(arrived?.body))).toEqual({
      eventType: "generation.failed",
      eventId: sent.eventId,
      createdAt: simulator.clock.now().toISOString(),
      apiKeyId: sent.apiKeyId,
      apiProjectId: "proj_9",
      generationId: expect.stringMatching(/^gen_/),
      status: "error",
      hasVideo: false,
      modelKey: "diffio-2",
      error: expect.any(String),
      errorDetails: expect.any(String),
      note: "é\n",
    });
  });

  test("does not survive being parsed and written again", async () => {
    const receiver = await recordingReceiver();
    const simulator = await start();
    const { signingSecret } = await simulator.endpoints.create({ url: receiver.url });
    await sendOne(simulator);

    const { headers, body } = receiver.arrived[0] as Arrived;
    const again = JSON.stringify(JSON.parse(body.toString()));
    expect(() => new Webhook(signingSecret).verify(again, headers as Record<string, string>)).toThrow(
      "No matching signature found",
    );
  });

  test("has the same id and body at each attempt, and a timestamp of the wall clock", async () => {
    const receiver = await recordingReceiver(500);
    const simulator = await start();
    const { signingSecret } = await simulator.endpoints.create({ url: receiver.url });
    const messageId = await sendOne(simulator);
    await simulator.clock.advance(100_000);

    expect(receiver.arrived).toHaveLength(8);
    for (const arrived of receiver.arrived) {
      expect(arrived.headers["svix-id"]).toBe(messageId);
      expect(arrived.body).toEqual(receiver.arrived[0]?.body);
      // Both packages refuse what is more than 5 minutes off.
      verifyWithBoth(signingSecret, arrived);
    }
  });

  test("goes to every endpoint that wants it, and to no other", async () => {
    const simulator = await start();
    const receivers = {
      all: await recordingReceiver(),
      live: await recordingReceiver(),
      failed: await recordingReceiver(),
    };
    const other = await recordingReceiver();
    const otherKey = await simulator.apiKeys.create({ name: "other" });
    await simulator.endpoints.create({ url: receivers.all.url });
    await simulator.endpoints.create({ url: receivers.live.url, modes: ["live"] });
    await simulator.endpoints.create({ url: receivers.failed.url, eventTypes: ["generation.failed"] });
    await simulator.endpoints.create({ url: other.url, apiKeyId: otherKey.id });

    await simulator.sendTestEvent({ eventType: "generation.completed" });
    await simulator.sendTestEvent({ eventType: "generation.completed", mode: "live" });
    await simulator.sendTestEvent({ eventType: "generation.failed" });
    await simulator.sendTestEvent({ eventType: "generation.archived", apiKeyId: otherKey.id });
    await simulator.idle();

    const counts = Object.values(receivers).map(({ arrived }) => arrived.length);
    expect(counts).toEqual([3, 1, 1]);
    expect(other.arrived.map(({ body }) => JSON.parse(body.toString()))).toMatchObject([
      { eventType: "generation.archived", apiKeyId: otherKey.id },
    ]);
  });
});

describe("a reply", () => {
  test.each([200, 201, 204, 299])("of %i is a success", async (status) => {
    const receiver = await recordingReceiver(status);
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const message = await simulator.messages.get(await sendOne(simulator));
    expect(message.attempts).toMatchObject([
      { statusCode: status, succeeded: true, error: null, advice: null },
    ]);
    expect(message.destinations).toMatchObject([{ state: "succeeded", nextAttemptAt: null }]);
  });

  test.each([301, 302, 303, 307, 308])(
    "of %i is a failure, and the redirect is not followed",
    async (status) => {
      const target = await recordingReceiver();
      const receiver = await recordingReceiver((res) =>
        res.writeHead(status, { location: target.url }).end(),
      );
      const simulator = await start();
      await simulator.endpoints.create({ url: receiver.url });
      const message = await simulator.messages.get(await sendOne(simulator));
      expect(message.attempts).toMatchObject([{ statusCode: status, succeeded: false }]);
      expect(message.attempts[0]?.advice).toContain(target.url);
      expect(message.destinations).toMatchObject([{ state: "pending" }]);
      expect(receiver.arrived).toHaveLength(1);
      expect(target.arrived).toEqual([]);
    },
  );

  test("is kept: status, headers, 20,000 bytes of the body", async () => {
    const receiver = await recordingReceiver((res) =>
      res.writeHead(500, { "x-request-id": "r1" }).end("x".repeat(3_000_000)),
    );
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const attempt = await firstAttempt(simulator, await sendOne(simulator));
    expect(attempt).toMatchObject({
      statusCode: 500,
      responseBody: "x".repeat(20_000),
      responseBodyIsCut: true,
      responseHeaders: { "x-request-id": "r1" },
      requestHeaders: { "content-type": "application/json" },
    });
  });

  test("of exactly 20,000 bytes is whole; one that is no text is kept as well as it can be", async () => {
    const receiver = await recordingReceiver((res) => res.end("x".repeat(20_000)));
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const attempt = await firstAttempt(simulator, await sendOne(simulator));
    expect([attempt.responseBody.length, attempt.responseBodyIsCut]).toEqual([20_000, false]);
    receiver.answer((res) => res.end(gzipSync("x")));
    expect((await firstAttempt(simulator, await sendOne(simulator))).succeeded).toBe(true);
  });

  test("that never ends is a success by its status once 20,000 bytes have come", async () => {
    const receiver = await recordingReceiver((res) => {
      res.writeHead(200);
      const more = (): void => void (res.writable && res.write("x".repeat(10_000), () => setImmediate(more)));
      more();
    });
    const simulator = await start({ timeoutInSeconds: 1 });
    await simulator.endpoints.create({ url: receiver.url });
    expect((await firstAttempt(simulator, await sendOne(simulator))).succeeded).toBe(true);
  });
});

describe("no reply", () => {
  test.each([
    { what: "at all", answer: () => {} },
    {
      what: "after its headers",
      answer: (res: { writeHead(status: number): { write(text: string): void } }) =>
        res.writeHead(200).write("…"),
    },
  ])("$what: a timeout", async ({ answer }) => {
    const receiver = await recordingReceiver(answer);
    const simulator = await start({ timeoutInSeconds: 0.2 });
    await simulator.endpoints.create({ url: receiver.url });
    const attempt = await firstAttempt(simulator, await sendOne(simulator));
    expect(attempt).toMatchObject({ succeeded: false, error: { code: "timeout" } });
    expect(attempt.durationInMs).toBeGreaterThanOrEqual(200);
    expect(attempt.advice).toContain("too long");
  });

  test("because nobody listens: said so", async () => {
    const simulator = await start();
    await simulator.endpoints.create({ url: "http://localhost:9/" });
    const attempt = await firstAttempt(simulator, await sendOne(simulator));
    expect(attempt).toMatchObject({
      statusCode: null,
      succeeded: false,
      error: { code: "connection_failed" },
    });
    expect(attempt.error?.message).toContain("ECONNREFUSED");
    expect(attempt.advice).toContain("Nothing listens at localhost:9");
  });

  test("because the name has no address, the server hangs up, or speaks no HTTP", async () => {
    const receiver = await recordingReceiver((res) => res.destroy());
    const noHttp = await recordingReceiver((res) => res.socket?.end("hello\r\n\r\n"));
    const simulator = await start();
    await simulator.endpoints.create({ url: "http://nobody.invalid/" });
    await simulator.endpoints.create({ url: receiver.url });
    await simulator.endpoints.create({ url: noHttp.url });
    await simulator.endpoints.create({ url: receiver.url.replace("http:", "https:") });
    const { attempts } = await simulator.messages.get(await sendOne(simulator));
    expect(attempts).toHaveLength(4);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({
        statusCode: null,
        succeeded: false,
        error: { code: "connection_failed" },
      });
      expect(attempt.error?.message).not.toBe("");
      expect(attempt.advice).not.toBeNull();
    }
  });
});

describe("a receiver that verifies with the sender's own library", () => {
  test.each([
    ["a parsed object", (body: Buffer) => JSON.parse(body.toString()) as string, /express\.json\(\)/],
    [
      "what it has written again",
      (body: Buffer) => JSON.stringify(JSON.parse(body.toString())),
      /JSON\.stringify/,
    ],
  ])("%s: the mistake is told from its words", async (_name, spoil, advice) => {
    const simulator = await start();
    const secret: { current?: string } = {};
    const receiver = await recordingReceiver((res, { body, headers }) => {
      try {
        new Webhook(secret.current ?? "").verify(spoil(body), headers as Record<string, string>);
        res.end();
      } catch (error) {
        // As Express shows errors during development.
        res.writeHead(500, { "content-type": "text/html" }).end(`<pre>${String(error)}</pre>`);
      }
    });
    secret.current = (await simulator.endpoints.create({ url: receiver.url })).signingSecret;
    const attempt = await firstAttempt(simulator, await sendOne(simulator));
    expect(attempt.statusCode).toBe(500);
    expect(attempt.advice).toMatch(advice);
  });
});
