import { randomBytes } from "node:crypto";
import { matchesAny, parseSignatureHeader } from "../../core/src/lib/verify/signature.ts";
import type { Progress } from "@diffio-webhooks/test-support/progress";
import type { ConstantTimeResult, Results } from "./results.ts";

/** Characters of a signature in base64, but for the padding. */
const LENGTH = 43;
const DIGEST_BYTES = 32;
const SIGNATURES = 256;
const COMPARISONS = 2000;

const sink = { matched: 0 };

/**
 * Looks whether the time of a comparison tells where the first difference lies: one contestant for each position
 * (and one for no difference at all), in rounds of random order.
 */
export function measureConstantTime(results: Results, progress: Progress): void {
  progress.step("constant time: comparisons by the place of the first difference");
  const rounds = results.quick ? 60 : 600;
  const series = Array.from({ length: LENGTH + 1 }, (_, index) => {
    // From 0 on where they differ, and last -1: nowhere.
    const position = index === LENGTH ? -1 : index;
    return { position, times: [] as number[], pairs: makePairs(position) };
  });
  for (let round = -10; round < rounds; round++) {
    for (const { times, pairs } of shuffled(series)) {
      const nanos = timeComparisons(pairs);
      // The first rounds warm up.
      if (round >= 0) times.push(nanos);
    }
  }
  results.constantTime.push(
    ...series.map(({ position, times }): ConstantTimeResult => ({ position, times })),
  );
}

/** What a comparison is given: both are what core makes of a digest and of a header. */
interface Pair {
  readonly digest: Parameters<typeof matchesAny>[0];
  readonly signatures: Parameters<typeof matchesAny>[1];
}

function timeComparisons(pairs: readonly Pair[]): number {
  const start = process.hrtime.bigint();
  for (let done = 0; done < COMPARISONS; done += pairs.length) {
    for (const { digest, signatures } of pairs) sink.matched += Number(matchesAny(digest, signatures));
  }
  const comparisons = Math.ceil(COMPARISONS / pairs.length) * pairs.length;
  return Number(process.hrtime.bigint() - start) / comparisons;
}

/** Random digests; the signatures that were sent are theirs up to the position, and other from there on. */
function makePairs(position: number): Pair[] {
  return Array.from({ length: SIGNATURES }, () => {
    const bytes = randomBytes(DIGEST_BYTES);
    const text = bytes.toString("base64").slice(0, LENGTH);
    const sent = position < 0 ? text : text.slice(0, position) + otherThan(text.slice(position));
    const pair = { digest: bytes, signatures: parseSignatureHeader(`v1,${sent}=`) };
    if (matchesAny(pair.digest, pair.signatures) !== position < 0)
      throw new Error("A comparison went wrong.");
    return pair;
  });
}

/** Each character is another one, of those that may stand last too. */
function otherThan(text: string): string {
  return Array.from(text, (character) => (character === "A" ? "E" : "A")).join("");
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
