import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeUtf8 as decodeOnNode } from "../src/lib/events/utf8.node.ts";
import { decodeUtf8 as decodeElsewhere } from "../src/lib/events/utf8.portable.ts";
import { INVALID_UTF8 } from "./vectors/events.ts";

const MARK = [0xef, 0xbb, 0xbf];

/** What Node's own decoder of buffers makes of the text's bytes: none of ours, and not strict. */
function reference(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
}

describe.each([
  { name: "utf8.node", decodeUtf8: decodeOnNode },
  { name: "utf8.portable", decodeUtf8: decodeElsewhere },
])("$name", ({ decodeUtf8 }) => {
  test("every character of ASCII", () => {
    const bytes = Uint8Array.from({ length: 128 }, (_, code) => code);
    expect(decodeUtf8(bytes)).toBe(String.fromCharCode(...bytes));
  });

  test("nothing", () => {
    expect(decodeUtf8(new Uint8Array(0))).toBe("");
  });

  test("no byte from 128 on is a character by itself", () => {
    for (let byte = 128; byte < 256; byte++) {
      expect(() => decodeUtf8(Uint8Array.of(0x61, byte, 0x61)), `byte ${byte}`).toThrow(TypeError);
    }
  });

  test("one character beyond ASCII, wherever it stands", () => {
    for (let length = 0; length <= 130; length++) {
      const text = `${"a".repeat(length)}\u00e9${"b".repeat(130 - length)}`;
      expect(decodeUtf8(Buffer.from(text))).toBe(text);
    }
  });

  test.each(INVALID_UTF8)("%s is refused, wherever it stands", (_name, invalid) => {
    for (const [before, after] of [
      [0, 0],
      [0, 300],
      [300, 0],
      [65, 65],
      [16_384, 1],
    ] as const) {
      const bytes = Uint8Array.from([
        ...Array<number>(before).fill(97),
        ...invalid,
        ...Array<number>(after).fill(97),
      ]);
      expect(() => decodeUtf8(bytes), `${before} before it`).toThrow(TypeError);
    }
  });

  test("one leading byte order mark is passed over, and no other", () => {
    const a = 0x61;
    expect(decodeUtf8(Uint8Array.of(...MARK))).toBe("");
    expect(decodeUtf8(Uint8Array.of(...MARK, a))).toBe("a");
    expect(decodeUtf8(Uint8Array.of(...MARK, ...MARK, a))).toBe("\uFEFFa");
    expect(decodeUtf8(Uint8Array.of(a, ...MARK))).toBe("a\uFEFF");
  });

  test("a part of a larger buffer is decoded by itself", () => {
    const buffer = Buffer.from("\u00e9abc\u00e9");
    expect(decodeUtf8(buffer.subarray(2, 5))).toBe("abc");
    expect(decodeUtf8(new Uint8Array(buffer.buffer, buffer.byteOffset + 2, 5))).toBe("abc\u00e9");
  });

  test("property: any text, from ASCII alone to none of it", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary-ascii" }), fc.string({ unit: "binary" }), fc.string()),
        (text) => {
          const bytes = Buffer.from(text);
          expect(decodeUtf8(bytes)).toBe(reference(bytes));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("property: any bytes, which are decoded if and only if they are UTF-8", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const isUtf8 = Buffer.from(Buffer.from(bytes).toString("utf8")).equals(bytes);
        if (isUtf8) expect(decodeUtf8(bytes)).toBe(reference(bytes));
        else expect(() => decodeUtf8(bytes)).toThrow(TypeError);
      }),
      { numRuns: 1000 },
    );
  });
});
