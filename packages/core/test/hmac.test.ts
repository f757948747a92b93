import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { HmacSha256 } from "../src/lib/verify/hmac.ts";
import * as portableBackend from "../src/lib/verify/hmac.portable.ts";
import * as nodeBackend from "../src/lib/verify/hmac.node.ts";
import { decodeSigningSecret } from "../src/lib/verify/secret.ts";
import { PUBLISHED } from "./vectors/published.ts";
import { RFC_4231 } from "./vectors/rfc4231.ts";

// On Deno it takes digests in another encoding, which no other test here would take.
vi.stubGlobal("Deno", {});
vi.resetModules();
const nodeBackendOnDeno = await import("../src/lib/verify/hmac.node.ts");
vi.unstubAllGlobals();

const BACKENDS = [
  { name: "hmac.node, on Deno", create: nodeBackendOnDeno.createHmacSha256 },
  { name: "hmac.node", create: nodeBackend.createHmacSha256 },
  { name: "hmac.portable", create: portableBackend.createHmacSha256 },
].map((backend) => ({ ...backend, createHmacSha256: inBase64(backend.create) }));

/** The backend with its digests written as base64, as the vectors have them. */
function inBase64(
  create: (key: Uint8Array) => HmacSha256,
): (key: Uint8Array) => (prefix: string, body: Uint8Array) => string {
  return (key) => {
    const sign = create(key);
    return (prefix, body) => Buffer.from(sign([prefix], body)).toString("base64");
  };
}

/** The longest prefix of a delivery: 128 characters of id, 12 of timestamp, two dots. */
const LONGEST_PREFIX = `${"m".repeat(128)}.${"9".repeat(12)}.`;
const PREFIX = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.";

function reference(key: Uint8Array, prefix: string, body: Uint8Array): string {
  return createHmac("sha256", key).update(prefix).update(body).digest("base64");
}

/** Bytes of no pattern, the same in each run. */
function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe.each(BACKENDS)("$name", ({ create, createHmacSha256 }) => {
  test.each(RFC_4231)("RFC 4231, case $name", ({ keyHex, dataHex, digestHex }) => {
    const sign = createHmacSha256(Buffer.from(keyHex, "hex"));
    const digest = Buffer.from(sign("", Buffer.from(dataHex, "hex")), "base64").toString("hex");
    expect(digest).toHaveLength(64);
    expect(digest.slice(0, digestHex.length)).toBe(digestHex);
  });

  test("gives the same wherever an ASCII text is divided into prefix and body", () => {
    const cases = RFC_4231.filter(({ dataHex }) => Buffer.from(dataHex, "hex").every((byte) => byte < 0x80));
    expect(cases).toHaveLength(5);
    for (const { keyHex, dataHex, digestHex } of cases) {
      const sign = createHmacSha256(Buffer.from(keyHex, "hex"));
      const data = Buffer.from(dataHex, "hex");
      for (let at = 0; at <= data.length; at++) {
        const digest = Buffer.from(
          sign(data.toString("latin1", 0, at), data.subarray(at)),
          "base64",
        ).toString("hex");
        expect(digest.slice(0, digestHex.length)).toBe(digestHex);
      }
    }
  });

  test("gives the same however the prefix is cut", () => {
    const key = noise(24);
    const sign = create(key);
    const body = noise(99);
    for (const pieces of [[PREFIX], ["", PREFIX, ""], PREFIX.split(""), PREFIX.split(/(?=\.)/)]) {
      expect(Buffer.from(sign(pieces, body)).toString("base64")).toBe(reference(key, PREFIX, body));
    }
  });

  test.each(PUBLISHED)("$source", ({ secret, id, timestamp, body, signature }) => {
    const sign = createHmacSha256(decodeSigningSecret(secret));
    expect(`v1,${sign(`${id}.${timestamp}.`, Buffer.from(body))}`).toBe(signature);
  });

  test("bodies of all lengths around the bounds of a block", () => {
    const key = noise(24);
    const sign = createHmacSha256(key);
    for (const length of range(0, 200)) {
      const body = noise(length, length + 1);
      expect(sign(PREFIX, body), `${length} bytes`).toBe(reference(key, PREFIX, body));
      expect(sign(LONGEST_PREFIX, body), `${length} bytes`).toBe(reference(key, LONGEST_PREFIX, body));
    }
  });

  test.each([1024, 2048, 16_384, 65_536, 1_048_576])("bodies of about %i bytes", (about) => {
    const key = noise(32);
    const sign = createHmacSha256(key);
    for (const length of [about - 65, about - 64, about - 63, about - 1, about, about + 1, about + 64]) {
      const body = noise(length, length);
      expect(sign(PREFIX, body), `${length} bytes`).toBe(reference(key, PREFIX, body));
      expect(sign(LONGEST_PREFIX, body), `${length} bytes`).toBe(reference(key, LONGEST_PREFIX, body));
    }
  });

  test("keys of all lengths, beyond a block too", () => {
    const body = noise(333);
    for (const length of range(1, 140)) {
      const key = noise(length, length);
      expect(createHmacSha256(key)(PREFIX, body), `${length} bytes`).toBe(reference(key, PREFIX, body));
    }
  });

  test("a prefix longer than any delivery's", () => {
    const key = noise(24);
    const body = noise(50);
    for (const length of [159, 160, 161, 300, 20_000]) {
      const prefix = "p".repeat(length);
      expect(createHmacSha256(key)(prefix, body), `${length} characters`).toBe(reference(key, prefix, body));
    }
  });

  test("a key that is changed after it was taken changes nothing", () => {
    const key = noise(75);
    const expected = reference(key, PREFIX, noise(9));
    const sign = createHmacSha256(key);
    key.fill(0);
    expect(sign(PREFIX, noise(9))).toBe(expected);
  });

  test("a body is hashed where it lies in a larger buffer, and is not changed", () => {
    const key = noise(24);
    const sign = createHmacSha256(key);
    const buffer = noise(40_000);
    const before = buffer.slice();
    for (const [from, to] of [
      [7, 107],
      [1, 16_385],
      [13, 30_000],
    ] as const) {
      expect(sign(PREFIX, buffer.subarray(from, to))).toBe(reference(key, PREFIX, before.slice(from, to)));
    }
    expect(buffer).toStrictEqual(before);
  });

  test("property: any key, prefix and bytes, invalid UTF-8 included", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 24, maxLength: 75 }),
        fc.stringMatching(/^[A-Za-z0-9_-]{1,128}\.[1-9][0-9]{0,11}\.$/),
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
        ),
        (key, prefix, body) => {
          expect(createHmacSha256(key)(prefix, body)).toBe(reference(key, prefix, body));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("property: what was hashed before, by whichever key, changes nothing", () => {
    const job = fc.record({
      which: fc.nat({ max: 2 }),
      prefix: fc.constantFrom("a.1.", PREFIX, LONGEST_PREFIX),
      length: fc.oneof(fc.nat({ max: 200 }), fc.constantFrom(16_383, 16_384, 16_385, 65_536)),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(job, { minLength: 2, maxLength: 12 }), (jobs) => {
        const keys = [noise(24, 5), noise(75, 6), noise(64, 7)];
        const signers = keys.map((key) => createHmacSha256(key));
        for (const { which, prefix, length, seed } of jobs) {
          const body = noise(length, seed);
          expect(signers[which]?.(prefix, body)).toBe(
            reference(keys[which] ?? new Uint8Array(), prefix, body),
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});
