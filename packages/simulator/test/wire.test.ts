import { describe, expect, test } from "vitest";
import type { Simulator } from "../src/index.ts";
import { recordingReceiver } from "./support/receivers.ts";
import { start } from "./support/simulators.ts";

const REQUEST = { eventType: "generation.completed", mode: "test" };

async function send(
  simulator: Simulator,
  body: unknown,
  {
    token = simulator.apiKey,
    path = "/v1/webhooks/send_test_event",
  }: { token?: string | null; path?: string } = {},
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await fetch(simulator.url + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

describe("the vendor's send_test_event", () => {
  test.each(["/v1/webhooks/send_test_event", "/webhooks/send_test_event"])("sends at %s", async (path) => {
    const receiver = await recordingReceiver();
    const simulator = await start();
    const [{ id } = { id: "" }] = await simulator.apiKeys.list();
    await simulator.endpoints.create({ url: receiver.url });
    const { status, answer } = await send(
      simulator,
      { ...REQUEST, samplePayload: { apiProjectId: "proj_9" } },
      { path },
    );
    await simulator.idle();
    expect(status).toBe(200);
    expect(answer).toEqual({
      svixMessageId: receiver.arrived[0]?.headers["svix-id"],
      eventId: expect.stringMatching(/^evt_/),
      eventType: "generation.completed",
      mode: "test",
      apiKeyId: id,
    });
    expect(JSON.parse(String(receiver.arrived[0]?.body))).toMatchObject({
      apiProjectId: "proj_9",
      eventId: answer["eventId"],
      apiKeyId: id,
    });
  });

  test("sends to the endpoints of the key that asks", async () => {
    const receiver = await recordingReceiver();
    const simulator = await start();
    const other = await simulator.apiKeys.create({ name: "other" });
    const { id: endpointId } = await simulator.endpoints.create({ url: receiver.url, apiKeyId: other.id });
    await send(simulator, REQUEST);
    const { answer } = await send(simulator, { ...REQUEST, apiKeyId: other.id }, { token: other.token });
    await simulator.idle();
    expect(receiver.arrived).toHaveLength(1);
    expect(answer).toMatchObject({ apiKeyId: other.id });
    expect(await simulator.messages.list({ endpointId })).toMatchObject([{ id: answer["svixMessageId"] }]);
  });

  test("sends for an Agent key to the key that it names", async () => {
    const simulator = await start();
    const agent = await simulator.apiKeys.create({ name: "agent", kind: "agent", scopes: [] });
    const target = await simulator.apiKeys.create({ name: "target" });
    const { status, answer } = await send(
      simulator,
      { ...REQUEST, apiKeyId: target.id },
      { token: agent.token },
    );
    expect([status, answer["apiKeyId"]]).toEqual([200, target.id]);
    const without = await send(simulator, REQUEST, { token: agent.token });
    expect([without.status, without.answer["error"]]).toEqual([400, expect.stringContaining("apiKeyId")]);
    const unknown = await send(simulator, { ...REQUEST, apiKeyId: "key_1" }, { token: agent.token });
    expect([unknown.status, unknown.answer["error"]]).toEqual([400, expect.stringContaining("key_1")]);
  });

  test.each([
    { what: "no key", token: null },
    { what: "an unknown key", token: "diffio_sim_1" },
    { what: "an empty key", token: "" },
  ])("refuses $what with 401", async ({ token }) => {
    const simulator = await start();
    expect(await send(simulator, REQUEST, { token })).toEqual({
      status: 401,
      answer: { error: expect.any(String) },
    });
  });

  test("refuses a key without the scope, and one that names another's, with 403", async () => {
    const simulator = await start();
    const reader = await simulator.apiKeys.create({ name: "reader", scopes: ["webhooks:read"] });
    const noScope = await send(simulator, REQUEST, { token: reader.token });
    expect(noScope).toEqual({ status: 403, answer: { error: expect.stringContaining("webhooks:write") } });
    const others = await send(simulator, { ...REQUEST, apiKeyId: reader.id });
    expect(others).toEqual({ status: 403, answer: { error: expect.any(String) } });
    expect(await simulator.messages.list()).toEqual([]);
  });

  test.each([
    { what: "no JSON", body: "{" },
    { what: "nothing", body: "" },
    { what: "a list", body: [] },
    { what: "null", body: null },
    { what: "no type", body: { mode: "test" } },
    { what: "an unknown type", body: { ...REQUEST, eventType: "generation.archived" } },
    { what: "no mode", body: { eventType: "generation.queued" } },
    { what: "an unknown mode", body: { ...REQUEST, mode: "prod" } },
    { what: "a key id that is no string", body: { ...REQUEST, apiKeyId: 1 } },
    { what: "a payload that is a string", body: { ...REQUEST, samplePayload: "x" } },
    { what: "a payload that is too large", body: { ...REQUEST, samplePayload: { a: "x".repeat(400_000) } } },
  ])("refuses $what with 400 and a string", async ({ body }) => {
    const simulator = await start();
    expect(await send(simulator, body)).toEqual({
      status: 400,
      answer: { error: expect.stringMatching(/\w/) },
    });
    expect(await simulator.messages.list()).toEqual([]);
  });

  test("refuses a body without end with 413, and what it does not have with 404", async () => {
    const simulator = await start();
    const large = await send(simulator, { ...REQUEST, samplePayload: { a: "x".repeat(2_000_000) } });
    expect(large).toEqual({ status: 413, answer: { error: expect.any(String) } });
    const other = await send(simulator, REQUEST, { path: "/v1/generations" });
    expect(other).toEqual({ status: 404, answer: { error: expect.any(String) } });
  });
});
