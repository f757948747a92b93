import { signed } from "@diffio-webhooks/test-support/deliveries";
import { FORGERS_SECRET, SECRET } from "@diffio-webhooks/test-support/signing";
import { describe, expect, test } from "vitest";
import type { Fault, Finding } from "../src/index.ts";
import { sendOne, start } from "./support/simulators.ts";

describe("a test URL", () => {
  test("keeps what arrives: method, headers, raw bytes; and answers 200", async () => {
    const simulator = await start();
    const testUrl = await simulator.testUrls.create();
    expect(testUrl).toEqual({
      id: expect.stringMatching(/^in_/),
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/in\/[0-9A-Za-z]{27}$/),
      signingSecret: null,
      createdAt: simulator.clock.now(),
    });
    const bytes = new Uint8Array([0, 255, 13, 10, 239, 187, 191]);
    const response = await fetch(testUrl.url, { method: "PUT", body: bytes, headers: { "X-Any": "1" } });
    expect([response.status, await response.json()]).toEqual([200, { received: true }]);
    await fetch(testUrl.url, { method: "POST" });

    const [second, first, ...none] = await simulator.testUrls.deliveries(testUrl.id);
    expect(none).toEqual([]);
    expect(first).toMatchObject({ testUrlId: testUrl.id, method: "PUT", body: bytes, bodyIsCut: false });
    expect(first?.headers).toContainEqual(["X-Any", "1"]);
    expect(second).toMatchObject({ method: "POST", body: new Uint8Array() });
  });

  test("is listed and removed, with what arrived", async () => {
    const simulator = await start();
    const one = await simulator.testUrls.create();
    const two = await simulator.testUrls.create({ signingSecret: SECRET });
    await fetch(one.url, { method: "POST" });
    expect(await simulator.testUrls.list()).toEqual([one, two]);
    expect(await simulator.testUrls.get(two.id)).toEqual(two);
    await simulator.testUrls.remove(one.id);
    expect((await fetch(one.url, { method: "POST" })).status).toBe(404);
    const refusals = [
      simulator.testUrls.get(one.id),
      simulator.testUrls.deliveries(one.id),
      simulator.testUrls.remove(one.id),
    ];
    await Promise.all(
      refusals.map((refusal) => expect(refusal).rejects.toMatchObject({ code: "not_found" })),
    );
    expect(await simulator.testUrls.deliveries(two.id)).toEqual([]);
    const creating = simulator.testUrls.create({ signingSecret: "whsec_" });
    await expect(creating).rejects.toMatchObject({ code: "invalid_secret" });
  });

  test("keeps the last 100 deliveries, and 512 KiB of each", async () => {
    const simulator = await start();
    const { id, url } = await simulator.testUrls.create();
    const body = "x".repeat(600_000);
    for (let count = 0; count < 101; count++)
      await fetch(url, { method: "POST", body: count === 100 ? body : String(count) });
    const deliveries = await simulator.testUrls.deliveries(id);
    expect(deliveries).toHaveLength(100);
    expect([deliveries[0]?.bodyIsCut, deliveries[0]?.body.length]).toEqual([true, 512 * 1024]);
    expect(Buffer.from(deliveries.at(-1)?.body ?? []).toString()).toBe("1");
  });
});

describe("whether a delivery verifies", () => {
  test("is judged by the secret of the endpoint that points there, during a rotation too", async () => {
    const simulator = await start();
    const { id, url } = await simulator.testUrls.create();
    const endpoint = await simulator.endpoints.create({ url });
    await sendOne(simulator);
    await simulator.endpoints.rotateSecret(endpoint.id);
    await sendOne(simulator);
    const deliveries = await simulator.testUrls.deliveries(id);
    expect(deliveries.map(({ verified, findings }) => ({ verified, findings }))).toEqual([
      { verified: true, findings: [] },
      { verified: true, findings: [] },
    ]);
  });

  test("with a rotated secret is so until its grace period is over", async () => {
    const simulator = await start();
    const { id, url } = await simulator.testUrls.create();
    const endpoint = await simulator.endpoints.create({ url });
    await simulator.endpoints.rotateSecret(endpoint.id, { graceInSeconds: 60 });
    for (const seconds of [59, 1]) {
      await simulator.clock.advance(seconds);
      const { headers, body } = signed(undefined, { secret: endpoint.signingSecret });
      await fetch(url, { method: "POST", headers, body });
    }
    expect(await simulator.testUrls.deliveries(id)).toMatchObject([{ verified: false }, { verified: true }]);
  });

  test("is judged by the secret that it was made with", async () => {
    const simulator = await start();
    const { id, url } = await simulator.testUrls.create({ signingSecret: SECRET });
    for (const secret of [SECRET, FORGERS_SECRET]) {
      const { headers, body } = signed(undefined, { secret });
      await fetch(url, { method: "POST", headers, body });
    }
    const [forged, fine] = await simulator.testUrls.deliveries(id);
    expect(fine).toMatchObject({ verified: true, findings: [] });
    expect(forged).toMatchObject({ verified: false });
    expect(forged?.findings.length).toBeGreaterThan(0);
  });

  test("cannot be said without a secret, and that is said", async () => {
    const simulator = await start();
    const { id, url } = await simulator.testUrls.create();
    const { headers, body } = signed();
    await fetch(url, { method: "POST", headers, body });
    expect(await simulator.testUrls.deliveries(id)).toMatchObject([
      { verified: false, findings: [{ code: "no_secret", hint: expect.any(String) }] },
    ]);
  });

  test("says so when another endpoint's secret signed it, or something re-encoded the body", async () => {
    const simulator = await start();
    const { id, url } = await simulator.testUrls.create();
    const { signingSecret } = await simulator.endpoints.create({ url });
    const other = await simulator.endpoints.create({ url: "http://localhost:9/other" });
    const fromOther = signed(undefined, { secret: other.signingSecret });
    const { headers, body } = signed(undefined, { secret: signingSecret });
    await fetch(url, { method: "POST", headers: fromOther.headers, body: fromOther.body });
    await fetch(url, { method: "POST", headers, body: JSON.stringify(JSON.parse(body)) });
    const [reEncoded, signedByOther] = await simulator.testUrls.deliveries(id);
    expect(signedByOther?.findings).toMatchObject([
      { code: "secret_of_other_endpoint", message: expect.stringContaining(other.url) },
    ]);
    expect(reEncoded?.verified).toBe(false);
    expect(JSON.stringify(signedByOther)).not.toContain(other.signingSecret);
  });

  test.each<[Fault, Finding["code"][]]>([
    ["bad-signature", ["signature_mismatch"]],
    ["tampered-body", ["signature_mismatch"]],
    ["old-timestamp", ["clock_skew"]],
    ["future-timestamp", ["clock_skew"]],
    ["missing-header", ["missing_header"]],
    ["gzip", ["body_compressed"]],
    ["cut", ["body_incomplete"]],
    ["huge", []],
    ["duplicate", []],
    ["slow", []],
  ])("with the fault %s is found out: %j", async (fault, codes) => {
    const simulator = await start();
    const { id, url } = await simulator.testUrls.create();
    await simulator.endpoints.create({ url });
    await simulator.sendTestEvent({ eventType: "generation.completed", fault });
    await simulator.idle();
    await expect.poll(async () => (await simulator.testUrls.deliveries(id)).length).toBeGreaterThan(0);
    for (const { verified, findings, bodyIsCut } of await simulator.testUrls.deliveries(id)) {
      expect(verified).toBe(codes.length === 0);
      expect(findings.map(({ code }) => code)).toEqual(codes);
      expect(bodyIsCut).toBe(fault === "cut" || fault === "huge");
    }
  });
});
