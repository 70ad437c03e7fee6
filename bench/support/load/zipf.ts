import type { LoadJob } from './protocol.ts';

/** Answers indices from 0 to `count - 1`, as `pick` says. */
export function picker(count: number, pick: LoadJob['pick']): () => number {
  if (pick === 'in turn') {
    let last = -1;
    return () => (last = (last + 1) % count);
  }
  const random = mulberry32(pick.seed);
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let index = 0; index < count; index++) {
    sum += (index + 1) ** -pick.zipf;
    cumulative[index] = sum;
  }
  return () => indexOf(cumulative, random() * sum);
}

/** The first index whose cumulative weight is above `wanted`. */
function indexOf(cumulative: Float64Array, wanted: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cumulative[middle] ?? Infinity) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Tommy Ettinger's mulberry32: small, fast, and the same numbers for the same seed everywhere. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
