import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Endpoint, type Simulator, startSimulator } from "@diffio-webhooks/simulator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createApp } from "../src/app.ts";

const SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

let simulator: Simulator;
let endpoint: Endpoint;
let webhooks: ReturnType<typeof createApp>["webhooks"];
let server: Server;
let origin: string;

async function startApp(port = 0): Promise<void> {
  const created = createApp(SECRET, new Map());
  webhooks = created.webhooks;
  server = created.app.listen(port, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function stopApp(): Promise<void> {
  server.close();
  await webhooks.receiver.close();
}

beforeEach(async () => {
  await startApp();
  // Its clock stands still until the test advances it.
  simulator = await startSimulator({ clock: "manual", jitter: 0 });
  endpoint = await simulator.endpoints.create({ url: `${origin}/webhooks/diffio`, signingSecret: SECRET });
});

afterEach(async () => {
  await simulator.close();
  await stopApp();
});

/** What the app says of a generation, once the callbacks that run have ended. */
async function stateOf(generationId: string): Promise<string> {
  await simulator.idle();
  await webhooks.receiver.idle();
  const response = await fetch(`${origin}/generations/${generationId}`);
  return ((await response.json()) as { state: string }).state;
}

describe("the app", () => {
  test("knows that a generation is ready", async () => {
    expect(await stateOf("gen_1")).toBe("unknown");
    const samplePayload = { generationId: "gen_1" };
    await simulator.sendTestEvent({ eventType: "generation.completed", samplePayload });
    expect(await stateOf("gen_1")).toBe("ready");
  });

  test("is not deceived by a forged delivery", async () => {
    const { svixMessageId } = await simulator.sendTestEvent({
      eventType: "generation.completed",
      samplePayload: { generationId: "gen_2" },
      fault: "bad-signature",
    });
    expect(await stateOf("gen_2")).toBe("unknown");
    const { attempts } = await simulator.messages.get(svixMessageId);
    expect(attempts).toMatchObject([{ statusCode: 400, responseBody: '{"error":"no_matching_signature"}' }]);
  });

  test("goes on with both secrets during a rotation", async () => {
    await simulator.endpoints.rotateSecret(endpoint.id, { graceInSeconds: 3600 });
    const send = (generationId: string): Promise<unknown> =>
      simulator.sendTestEvent({ eventType: "generation.failed", samplePayload: { generationId } });
    await send("gen_3");
    expect(await stateOf("gen_3")).toBe("failed");
    // The app still has the old secret when its grace period is over.
    await simulator.clock.advance(3600);
    await send("gen_4");
    expect(await stateOf("gen_4")).toBe("unknown");
  });

  test("is tried again until it answers", async () => {
    await stopApp();
    await simulator.sendTestEvent({
      eventType: "generation.completed",
      samplePayload: { generationId: "gen_7" },
    });
    await simulator.clock.advance(5 + 5 * 60);
    await startApp(Number(new URL(origin).port));
    expect(await stateOf("gen_7")).toBe("unknown");
    await simulator.clock.advance(30 * 60);
    expect(await stateOf("gen_7")).toBe("ready");
  });

  test("catches up after a long outage by recovery", async () => {
    const since = simulator.clock.now();
    await stopApp();
    for (const generationId of ["gen_5", "gen_6"])
      await simulator.sendTestEvent({ eventType: "generation.completed", samplePayload: { generationId } });
    // Three days: longer than the sender tries.
    await simulator.clock.advance(3 * 24 * 3600);
    await startApp(Number(new URL(origin).port));
    expect(await stateOf("gen_5")).toBe("unknown");
    expect(await simulator.recover(endpoint.id, { since })).toEqual({ total: 2, succeeded: 2, failed: 0 });
    expect(await stateOf("gen_6")).toBe("ready");
  });
});
