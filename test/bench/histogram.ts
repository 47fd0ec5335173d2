/** Arithmetic of Prometheus' histograms. */

/** How many observations were not above a bound; a histogram has one for each bound, rising, the last for infinity. */
export interface Bucket {
  readonly upTo: number;
  readonly count: number;
}

/** What each histogram has seen between two moments, together. All have the same bounds. */
export function seenBetween(before: readonly Bucket[][], after: readonly Bucket[][]): Bucket[] {
  const sum = (of: readonly Bucket[][], i: number): number =>
    of.reduce((total, histogram) => total + (histogram[i]?.count ?? 0), 0);
  return (after[0] ?? []).map(({ upTo }, i) => ({ upTo, count: sum(after, i) - sum(before, i) }));
}

/**
 * The value that `share` of the observations do not exceed, spread evenly over the bucket that it falls into; the greatest
 * bound for what lies beyond it. NaN of no observations.
 */
export function quantile(histogram: readonly Bucket[], share: number): number {
  const total = histogram.at(-1)?.count ?? 0;
  if (total === 0) return Number.NaN;
  const wanted = share * total;
  let below: Bucket = { upTo: 0, count: 0 };
  for (const bucket of histogram) {
    if (bucket.count >= wanted && bucket.count > below.count) {
      if (bucket.upTo === Number.POSITIVE_INFINITY) return below.upTo;
      return below.upTo + ((bucket.upTo - below.upTo) * (wanted - below.count)) / (bucket.count - below.count);
    }
    below = bucket;
  }
  return below.upTo;
}
