import fc from "fast-check";
import { expect, test } from "vitest";
import { RememberedIds } from "../src/lib/inbox/remembered-ids.ts";

test("property: has the latest ids that were new, and no others", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.nat({ max: 60 }).map(String), { maxLength: 400 }),
      (max, added) => {
        const ids = new RememberedIds(max);
        let expected: string[] = [];
        for (const id of added) {
          ids.add(id);
          if (!expected.includes(id)) expected = [...expected, id].slice(-max);
        }
        for (let id = 0; id <= 60; id++) expect(ids.has(String(id))).toBe(expected.includes(String(id)));
      },
    ),
  );
});

test("forgets in order, through all the sizes of its table", () => {
  const ids = new RememberedIds(1000);
  for (let id = 0; id < 20_000; id++) {
    ids.add(String(id));
    expect(ids.has(String(id))).toBe(true);
    expect(ids.has(String(id - 999))).toBe(id >= 999);
    expect(ids.has(String(id - 1000))).toBe(false);
  }
});
