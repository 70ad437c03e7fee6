/**
 * A quantile of what a histogram has observed, as Prometheus estimates it (histogram_quantile): within a bucket values
 * are taken to be spread evenly, and what is beyond the last limit is the last limit.
 * @param buckets how many were at most so large, by that limit (`le`, the last of which is infinite).
 * @returns NaN when nothing was observed.
 */
export function quantileOf(quantile: number, buckets: ReadonlyMap<number, number>): number {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const all = sorted.at(-1)?.[1] ?? 0;
  if (all === 0) return Number.NaN;
  const rank = quantile * all;
  let [lower, below] = [0, 0];
  for (const [limit, count] of sorted) {
    if (count >= rank) {
      if (limit === Infinity) return lower;
      return count === below ? limit : lower + ((limit - lower) * (rank - below)) / (count - below);
    }
    [lower, below] = [limit, count];
  }
  return lower;
}
