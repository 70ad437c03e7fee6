/**
 * By how many the starts in some window exceed what a bucket allows: what it holds, and what the window brings.
 * @param starts in order, in microseconds.
 */
export function mostTooMany(starts: readonly number[], bucket: { interval: number; burst: number }): number {
  let most = -Infinity;
  for (const [first, from] of starts.entries())
    for (let last = first; last < starts.length; last++) {
      const allowed = bucket.burst + Math.floor((starts[last]! - from) / bucket.interval);
      most = Math.max(most, last - first + 1 - allowed);
    }
  return most;
}
