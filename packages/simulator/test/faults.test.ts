import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FAULTS, type Fault, isFault } from "../src/index.ts";
import { coreReceiver, recordingReceiver } from "./support/receivers.ts";
import { verifyWithBoth } from "./support/signatures.ts";
import { start } from "./support/simulators.ts";

/** What a receiver of ours makes of each fault; `null` where it takes the delivery. */
const REFUSED_AS: Readonly<Record<Fault, string | null>> = {
  "bad-signature": "no_matching_signature",
  "tampered-body": "no_matching_signature",
  "old-timestamp": "timestamp_too_old",
  "future-timestamp": "timestamp_too_new",
  "missing-header": "missing_header",
  duplicate: null,
  reordered: null,
  slow: null,
  cut: "body_incomplete",
  huge: "body_too_large",
  gzip: "unsupported_content_encoding",
};

describe("our receiver", () => {
  test.each(Object.entries(REFUSED_AS))("meets %s with %s", async (fault, code) => {
    const receiver = await coreReceiver();
    const simulator = await start();
    const { signingSecret } = await simulator.endpoints.create({ url: receiver.url });
    receiver.setSecret(signingSecret);
    const { svixMessageId, eventId } = await simulator.sendTestEvent({
      eventType: "generation.completed",
      fault: fault as Fault,
    });
    await simulator.idle();
    if (fault === "reordered") await simulator.clock.advance(5);
    if (fault === "cut") await expect.poll(() => receiver.refused).toHaveLength(1);
    await receiver.idle();

    expect(receiver.refused).toEqual(code === null ? [] : [code]);
    expect(receiver.ran).toEqual(code === null ? [eventId] : []);
    const { attempts } = await simulator.messages.get(svixMessageId);
    expect(attempts.map((attempt) => attempt.fault)).toEqual(attempts.map(() => fault));
    expect(attempts.every(({ succeeded }) => succeeded === (code === null))).toBe(true);
    expect(attempts).toHaveLength(fault === "duplicate" ? 2 : 1);
    if (code !== null && fault !== "cut")
      expect(attempts[0]?.advice).toContain(`Rightly refused: it had the fault \`${fault}\``);
  });

  test("takes the message when it is sent again by hand, without the fault", async () => {
    const receiver = await coreReceiver();
    const simulator = await start();
    const { signingSecret } = await simulator.endpoints.create({ url: receiver.url });
    receiver.setSecret(signingSecret);
    const { svixMessageId, eventId } = await simulator.sendTestEvent({
      eventType: "generation.completed",
      fault: "bad-signature",
    });
    await simulator.idle();
    await simulator.clock.advance(5);
    expect(receiver.refused).toEqual(["no_matching_signature", "no_matching_signature"]);
    expect(await simulator.resend(svixMessageId)).toMatchObject([{ succeeded: true, fault: null }]);
    await receiver.idle();
    expect(receiver.ran).toEqual([eventId]);
  });
});

describe("what arrives of", () => {
  async function arrivedWith(fault: Fault): Promise<{
    secret: string;
    arrived: Awaited<ReturnType<typeof recordingReceiver>>["arrived"];
    body: string;
  }> {
    const receiver = await recordingReceiver();
    const simulator = await start();
    const { signingSecret } = await simulator.endpoints.create({ url: receiver.url });
    const { svixMessageId } = await simulator.sendTestEvent({ eventType: "generation.completed", fault });
    await simulator.idle();
    await expect.poll(() => receiver.arrived.length).toBeGreaterThan(0);
    const { body } = await simulator.messages.get(svixMessageId);
    return { secret: signingSecret, arrived: receiver.arrived, body };
  }

  test("bad-signature: the body as it was, and a signature of another secret", async () => {
    const { secret, arrived, body } = await arrivedWith("bad-signature");
    expect(arrived[0]?.body.toString()).toBe(body);
    expect(arrived[0]?.headers["svix-signature"]).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
    for (const one of arrived) expect(() => verifyWithBoth(secret, one)).toThrow("No matching signature");
  });

  test("tampered-body: an event of another generation, with the signature of the first", async () => {
    const { secret, arrived, body } = await arrivedWith("tampered-body");
    for (const one of arrived) {
      expect(JSON.parse(one.body.toString())).toEqual({ ...JSON.parse(body), generationId: "gen_tampered" });
      expect(() => verifyWithBoth(secret, one)).toThrow("No matching signature");
      verifyWithBoth(secret, { ...one, body: Buffer.from(body) });
    }
  });

  test.each([
    { fault: "old-timestamp", offset: -3600 },
    { fault: "future-timestamp", offset: 3600 },
  ] as const)("$fault: a signature that is right, of $offset s", async ({ fault, offset }) => {
    const { secret, arrived } = await arrivedWith(fault);
    for (const one of arrived) {
      const timestamp = Number(one.headers["svix-timestamp"]);
      expect(Math.abs(timestamp - offset - Date.now() / 1000)).toBeLessThan(30);
      expect(() => verifyWithBoth(secret, one)).toThrow(/timestamp/i);
    }
  });

  test("missing-header: no signature", async () => {
    const { arrived } = await arrivedWith("missing-header");
    expect(arrived[0]?.headers).toMatchObject({
      "svix-id": expect.any(String),
      "svix-timestamp": expect.any(String),
    });
    expect(arrived[0]?.headers).not.toHaveProperty("svix-signature");
  });

  test("duplicate: the same, twice", async () => {
    const { secret, arrived } = await arrivedWith("duplicate");
    expect(arrived).toHaveLength(2);
    expect(arrived[0]?.headers).toEqual(arrived[1]?.headers);
    for (const one of arrived) verifyWithBoth(secret, one);
  });

  test("slow: the whole body, late", async () => {
    const before = performance.now();
    const { secret, arrived, body } = await arrivedWith("slow");
    expect(performance.now() - before).toBeGreaterThan(1500);
    expect(arrived[0]?.body.toString()).toBe(body);
    for (const one of arrived) verifyWithBoth(secret, one);
  });

  test("cut: the first half of the body, and no end", async () => {
    const { arrived, body } = await arrivedWith("cut");
    expect(arrived).toMatchObject([{ isWhole: false }]);
    expect(arrived[0]?.body.toString()).toBe(body.slice(0, body.length / 2));
  });

  test("huge: 2 MiB of event, rightly signed", async () => {
    const { secret, arrived, body } = await arrivedWith("huge");
    expect(arrived[0]?.body.length).toBeGreaterThan(2 * 1024 * 1024);
    expect(JSON.parse(String(arrived[0]?.body))).toMatchObject(JSON.parse(body) as object);
    for (const one of arrived) verifyWithBoth(secret, one);
  });

  test("gzip: the body compressed, signed as it was before", async () => {
    const { secret, arrived, body } = await arrivedWith("gzip");
    for (const one of arrived) {
      expect(one.headers["content-encoding"]).toBe("gzip");
      expect(gunzipSync(one.body).toString()).toBe(body);
      verifyWithBoth(secret, { ...one, body: Buffer.from(body) });
    }
  });
});

describe("reordered", () => {
  test.each([200, 500])("arrives after the message that was sent later, which gets %i", async (status) => {
    // Refused or taken: it has overtaken.
    const receiver = await recordingReceiver(status);
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const types = ["generation.queued", "generation.processing", "generation.completed"];
    for (const eventType of types)
      await simulator.sendTestEvent({
        eventType,
        ...(eventType.endsWith("queued") && { fault: "reordered" as const }),
      });
    await simulator.idle();
    const arrivedTypes = receiver.arrived.map(({ body }) => JSON.parse(body.toString()).eventType as string);
    expect(arrivedTypes).toHaveLength(3);
    expect(arrivedTypes.indexOf("generation.queued")).toBeGreaterThan(
      arrivedTypes.indexOf("generation.processing"),
    );
  });

  test("in a row, arrives the other way round", async () => {
    const receiver = await recordingReceiver();
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const ids: string[] = [];
    for (let count = 0; count < 4; count++) {
      const sent = await simulator.sendTestEvent({ eventType: "generation.queued", fault: "reordered" });
      ids.push(sent.svixMessageId);
    }
    await simulator.idle();
    expect(receiver.arrived).toEqual([]);
    await simulator.clock.advance(5);
    expect(receiver.arrived.map(({ headers }) => headers["svix-id"])).toEqual(ids.toReversed());
  });
});

test("the names of faults are told from others", () => {
  expect(Object.keys(FAULTS)).toEqual(Object.keys(REFUSED_AS));
  expect(["cut", "toString", 1, undefined].map(isFault)).toEqual([true, false, false, false]);
});

describe("any receiver", () => {
  test.each(Object.keys(FAULTS) as Fault[])(
    "that takes %s is told so where it may not; a test URL takes everything",
    async (fault) => {
      const receiver = await recordingReceiver();
      const simulator = await start();
      await simulator.endpoints.create({ url: receiver.url });
      const testUrl = await simulator.testUrls.create();
      await simulator.endpoints.create({ url: testUrl.url });
      const { svixMessageId } = await simulator.sendTestEvent({ eventType: "generation.completed", fault });
      await simulator.clock.advance(5);
      const { attempts } = await simulator.messages.get(svixMessageId);
      const advice = new Set(
        attempts.map((one) => `${one.url === testUrl.url ? "test URL" : "receiver"}: ${one.advice}`),
      );
      const mustNot = fault.includes("timestamp") || /signature|tampered|header/.test(fault);
      expect([...advice].toSorted()).toEqual([
        mustNot ? expect.stringContaining(`Taken, though it had the fault \`${fault}\``) : "receiver: null",
        "test URL: null",
      ]);
    },
  );

  test("that refuses for another reason is told that reason", async () => {
    const receiver = await recordingReceiver(404);
    const simulator = await start();
    await simulator.endpoints.create({ url: receiver.url });
    const { svixMessageId } = await simulator.sendTestEvent({
      eventType: "generation.completed",
      fault: "bad-signature",
    });
    await simulator.idle();
    const { attempts } = await simulator.messages.get(svixMessageId);
    expect(attempts[0]?.advice).toContain("no such route");
  });
});
