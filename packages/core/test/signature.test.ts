import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesAny, parseSignatureHeader } from "../src/lib/verify/signature.ts";

const anyDigest = fc.uint8Array({ minLength: 32, maxLength: 32 });

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function tokenOf(bytes: Uint8Array): string {
  return `v1,${Buffer.from(bytes).toString("base64")}`;
}

// What a verifier reads of the header is tested there; here, the comparison by itself.
describe("matchesAny", () => {
  test("property: matches if and only if the digest is in the list", () => {
    fc.assert(
      fc.property(
        fc.array(anyDigest, { minLength: 1, maxLength: 5 }),
        anyDigest,
        fc.nat(),
        (list, other, pick) => {
          const signatures = parseSignatureHeader(list.map(tokenOf).join(" "));
          const member = list[pick % list.length] ?? other;
          expect(matchesAny(member, signatures)).toBe(true);
          const isMember = list.some((digest) => textOf(digest) === textOf(other));
          expect(matchesAny(other, signatures)).toBe(isMember);
        },
      ),
    );
  });

  test("a difference in any one bit is seen", () => {
    fc.assert(
      fc.property(anyDigest, (digest) => {
        const signatures = parseSignatureHeader(tokenOf(digest));
        for (let bit = 0; bit < 256; bit++) {
          const changed = Uint8Array.from(digest);
          changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(matchesAny(changed, signatures)).toBe(false);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("only the canonical base64 of a digest matches", () => {
    fc.assert(
      fc.property(anyDigest, (digest) => {
        const token = tokenOf(digest);
        const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const spellings = Array.from(alphabet, (last) => `${token.slice(0, -2)}${last}=`);
        const matching = spellings.filter((spelling) => matchesAny(digest, parseSignatureHeader(spelling)));
        expect(matching).toEqual([token]);
      }),
      { numRuns: 20 },
    );
  });

  test("no signature matches nothing", () => {
    expect(matchesAny(new Uint8Array(32), [])).toBe(false);
  });
});
