/** How a set of samples is shown. */
export interface Summary {
  readonly median: number;
  /** The quartiles: half of the samples lie between them. */
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/** The value below which that share of the samples lies. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** The middle sample. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Median and quartiles. */
export function summarize(samples: readonly number[]): Summary {
  return {
    median: median(samples),
    low: quantile(samples, 0.25),
    high: quantile(samples, 0.75),
    rounds: samples.length,
  };
}

/**
 * Several series that were sampled round by round, put together by a formula: the value is that of the medians, the
 * quartiles are those of the formula within each round, where noise hit all series alike.
 */
export function combine(
  series: readonly (readonly number[] | undefined)[],
  formula: (...values: number[]) => number,
): Summary | undefined {
  const present = series.filter(
    (samples) => samples !== undefined && samples.length > 0,
  ) as (readonly number[])[];
  if (present.length < series.length) return undefined;
  const rounds = Math.min(...present.map(({ length }) => length));
  const each = Array.from({ length: rounds }, (_, round) =>
    formula(...present.map((samples) => samples[round] ?? Number.NaN)),
  );
  return { ...summarize(each), median: formula(...present.map(median)) };
}

/** The slope of the straight line that fits the points best. */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  return points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
}
