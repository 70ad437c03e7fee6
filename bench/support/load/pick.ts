import type { Mix } from './protocol.ts';

/** Draws, for each request, one of the mixes by its weight, and of that one a target as it says. */
export function drawer<T>(mixes: readonly (Omit<Mix, 'targets'> & { targets: readonly T[] })[]): () => T {
  const random = mulberry32(1);
  const shares = cumulativeSums(mixes.map(({ weight }) => weight));
  const draws = mixes.map(({ targets, pick }) => {
    const next = picker(targets.length, pick);
    return (): T => targets[next()] as T;
  });
  const [only] = draws;
  if (!only || mixes.some(({ targets }) => targets.length === 0)) throw new Error('nothing to ask for');
  return draws.length === 1 ? only : () => (draws[indexAbove(shares, random())] as () => T)();
}

function picker(count: number, pick: Mix['pick']): () => number {
  if (pick === 'in turn') {
    let last = -1;
    return () => (last = (last + 1) % count);
  }
  const random = mulberry32(pick.seed);
  const shares = cumulativeSums(Array.from({ length: count }, (_, index) => (index + 1) ** -pick.zipf));
  return () => indexAbove(shares, random());
}

/** Each weight with all before it, the last sum being 1. */
function cumulativeSums(weights: readonly number[]): Float64Array {
  const sums = new Float64Array(weights.length);
  let sum = 0;
  for (const [index, weight] of weights.entries()) sums[index] = sum += weight;
  return sums.map((value) => value / sum);
}

/** The first index whose sum is above `wanted`. */
function indexAbove(sums: Float64Array, wanted: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] ?? Infinity) > wanted) high = middle;
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
