import { describe, expect, test } from "vitest";
import { type SimulatorClient, createSimulatorClient } from "../src/client.ts";
import type { Change, Simulator } from "../src/index.ts";
import { recordingReceiver } from "./support/receivers.ts";
import { sendOne, start } from "./support/simulators.ts";

const CREDENTIAL = "Bearer of-the-customer";

async function withClient(): Promise<{
  simulator: Simulator;
  client: SimulatorClient;
  receiver: Awaited<ReturnType<typeof recordingReceiver>>;
}> {
  const receiver = await recordingReceiver(500);
  const simulator = await start();
  return { simulator, client: createSimulatorClient({ url: `${simulator.url}/`, reveal: true }), receiver };
}

describe("the client", () => {
  test("does what the library does, and gives what it gives", async () => {
    const { simulator, client, receiver } = await withClient();
    expect(await client.info()).toEqual({
      url: simulator.url,
      apiKey: simulator.apiKey,
      clock: "manual",
      now: simulator.clock.now(),
    });
    const endpoint = await client.endpoints.create({
      url: receiver.url,
      headers: { authorization: CREDENTIAL },
    });
    expect(endpoint).toEqual(await simulator.endpoints.get(endpoint.id));
    const sent = await client.sendTestEvent({ eventType: "generation.completed", samplePayload: { a: 1 } });
    await client.idle();
    await client.clock.advance(5);
    expect(await client.clock.now()).toEqual(simulator.clock.now());
    const message = await client.messages.get(sent.svixMessageId);
    expect(message).toEqual(await simulator.messages.get(sent.svixMessageId));
    expect(message).toMatchObject({ payload: { a: 1 }, attempts: [{ at: expect.any(Date) }, {}] });
    expect(await client.messages.list({ limit: 1, state: "pending", endpointId: endpoint.id })).toEqual([
      message,
    ]);

    const secret = await client.endpoints.rotateSecret(endpoint.id, { graceInSeconds: 60 });
    expect(await client.endpoints.get(endpoint.id)).toMatchObject({
      signingSecret: secret,
      previousSecrets: [{ signingSecret: endpoint.signingSecret, expiresAt: expect.any(Date) }],
      failingSince: expect.any(Date),
    });
    expect(await client.resend(sent.svixMessageId)).toEqual([
      (await simulator.messages.get(sent.svixMessageId)).attempts.at(-1),
    ]);
    expect(await client.endpoints.update(endpoint.id, { eventTypes: ["generation.failed"] })).toMatchObject({
      eventTypes: ["generation.failed"],
    });
    expect(await client.endpoints.disable(endpoint.id)).toMatchObject({ disabled: true });
    expect(await client.endpoints.enable(endpoint.id)).toMatchObject({ disabled: false });
    const apiKey = await client.apiKeys.create({ name: "CI" });
    expect(await client.apiKeys.list()).toEqual(await simulator.apiKeys.list());
    await client.apiKeys.remove(apiKey.id);
    expect(await client.endpoints.list({ apiKeyId: message.apiKeyId })).toEqual(
      await simulator.endpoints.list(),
    );
    await client.endpoints.remove(endpoint.id);
    expect(await client.endpoints.list()).toEqual([]);
  });

  test("recovers and replays with progress", async () => {
    const { simulator, client, receiver } = await withClient();
    const since = simulator.clock.now();
    await sendOne(simulator);
    const { id } = await simulator.endpoints.create({ url: receiver.url });
    await sendOne(simulator);
    receiver.answer(200);
    const progress: unknown[] = [];
    const onProgress = (one: unknown): unknown => progress.push(one);
    expect(await client.recover(id, { since, until: new Date(), onProgress })).toEqual({
      total: 1,
      succeeded: 1,
      failed: 0,
    });
    expect(await client.replayMissing(id, { since })).toEqual({ total: 1, succeeded: 1, failed: 0 });
    expect(progress).toEqual([
      { done: 0, total: 1 },
      { done: 1, total: 1 },
    ]);
  });

  test("throws what the library throws", async () => {
    const { simulator, client } = await withClient();
    const { id } = await simulator.endpoints.create({ url: "http://localhost:9/" });
    await simulator.endpoints.disable(id);
    const since = simulator.clock.now();
    const refusals: [Promise<unknown>, string][] = [
      [client.endpoints.get("ep/../1"), "not_found"],
      [client.messages.get("?"), "not_found"],
      [client.testUrls.get(""), "not_found"],
      [client.endpoints.create({ url: "x" }), "invalid_option"],
      [client.endpoints.create({ url: "http://localhost:9/", signingSecret: "whsec_" }), "invalid_secret"],
      [client.messages.list({ limit: 0 }), "invalid_option"],
      [client.clock.advance(-1), "invalid_option"],
      [client.recover(id, { since }), "endpoint_disabled"],
      [client.recover(id, {} as { since: Date }), "invalid_option"],
    ];
    await Promise.all(
      refusals.map(([refusal, code]) =>
        expect(refusal).rejects.toMatchObject({
          code,
          message: expect.any(String),
          hint: expect.stringMatching(/\w/),
        }),
      ),
    );
  });

  test("says when no simulator answers, or something else does", async () => {
    const receiver = await recordingReceiver(404);
    for (const url of ["http://localhost:9", receiver.url])
      await expect(createSimulatorClient({ url }).info()).rejects.toMatchObject({ code: "not_reachable" });
    expect(() => createSimulatorClient({ url: "localhost" })).toThrow("no URL");
  });

  test("hears of changes, without their contents, until it stops listening or the simulator closes", async () => {
    const { simulator, client, receiver } = await withClient();
    const heard: Change[] = [];
    const controller = new AbortController();
    const reading = (async () => {
      for await (const change of client.changes({ signal: controller.signal })) heard.push(change);
    })();
    const untilSent = (async () => {
      for await (const change of client.changes()) void change;
    })();
    await expect
      .poll(async () => {
        const { id } = await simulator.endpoints.create({ url: "http://localhost:9/" });
        await simulator.endpoints.remove(id);
        return heard.length;
      })
      .toBeGreaterThan(0);

    const { id } = await simulator.endpoints.create({ url: receiver.url });
    const messageId = await sendOne(simulator);
    await simulator.clock.advance(1);
    await expect.poll(() => heard.at(-1)).toEqual({ kind: "clock", action: "saved", id: "clock" });
    expect(heard).toContainEqual({ kind: "endpoint", action: "saved", id });
    expect(heard).toContainEqual({ kind: "message", action: "saved", id: messageId });
    const attemptId = (await simulator.messages.get(messageId)).attempts[0]?.id;
    expect(heard).toContainEqual({
      kind: "attempt",
      action: "saved",
      id: attemptId,
      messageId,
      endpointId: id,
    });

    controller.abort();
    await reading;
    const closing = simulator.close();
    await untilSent.catch(() => "cut short");
    await closing;
  });
});

describe("secrets", () => {
  test("are masked in every answer unless they are asked for", async () => {
    const { simulator, receiver } = await withClient();
    const { id, signingSecret } = await simulator.endpoints.create({
      url: receiver.url,
      headers: { authorization: CREDENTIAL, "x-tenant": "one" },
    });
    const messageId = await sendOne(simulator);
    const testUrl = await simulator.testUrls.create({ signingSecret });
    const rotated = await simulator.endpoints.rotateSecret(id);
    const secrets = [signingSecret, rotated, simulator.apiKey, CREDENTIAL];
    const found = (text: string): string[] => secrets.filter((secret) => text.includes(secret));
    const read = async (path: string, method = "GET"): Promise<string> =>
      (await fetch(`${simulator.url}/api${path}`, { method })).text();

    const shown: Record<string, string[]> = {
      "": [simulator.apiKey],
      "/api-keys": [simulator.apiKey],
      "/endpoints": [signingSecret, rotated, CREDENTIAL],
      [`/endpoints/${id}`]: [signingSecret, rotated, CREDENTIAL],
      "/messages": [CREDENTIAL],
      [`/messages/${messageId}`]: [CREDENTIAL],
      "/test-urls": [signingSecret],
      [`/test-urls/${testUrl.id}`]: [signingSecret],
    };
    for (const [path, expected] of Object.entries(shown)) {
      expect(found(await read(path)), path).toEqual([]);
      expect(found(await read(`${path}?reveal=false`)), path).toEqual([]);
      expect(found(await read(`${path}?reveal=true`)), path).toEqual(expected);
    }
    expect(await read("/endpoints")).toContain('"x-tenant":"one"');
    for (const path of [
      `/endpoints/${id}/enable`,
      `/messages/${messageId}/resend`,
      `/endpoints/${id}/rotate-secret`,
    ])
      expect(found(await read(path, "POST")), path).toEqual([]);
    expect(await read(`/endpoints/${id}/rotate-secret?reveal=true`, "POST")).toMatch(
      /whsec_[A-Za-z0-9+/]{32}"/,
    );
  });
});

describe("the control API", () => {
  test.each(["{", "[]", "null", '"x"'])("refuses the body %s", async (body) => {
    const simulator = await start();
    const response = await fetch(`${simulator.url}/api/endpoints`, { method: "POST", body });
    expect([response.status, await response.json()]).toMatchObject([400, { error: "invalid_option" }]);
  });

  test("refuses a body that is too large, and paths that it does not have", async () => {
    const simulator = await start();
    const body = JSON.stringify({ url: "x".repeat(2_000_000) });
    const large = await fetch(`${simulator.url}/api/endpoints`, { method: "POST", body });
    expect([large.status, await large.json()]).toMatchObject([413, { error: "invalid_option" }]);
    const unknown = await fetch(`${simulator.url}/api/nothing`);
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: "not_found" }]);
  });
});

test("a listener hears of changes after they were made, until it stops", async () => {
  const simulator = await start();
  const heard: Promise<unknown>[] = [];
  const stop = simulator.onChange(({ kind, action, id }) => {
    if (kind === "endpoint" && action === "saved") heard.push(simulator.endpoints.get(id));
  });
  const endpoint = await simulator.endpoints.create({ url: "http://localhost:9/" });
  stop();
  await simulator.endpoints.create({ url: "http://localhost:9/" });
  expect(await Promise.all(heard)).toEqual([endpoint]);
});
