export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/**
 * How many slots a pool should have, asked once a second: it grows by half while tasks wait, since a flood does not
 * wait for us, and shrinks by one while more than half of the slots are idle, since the next flood may be near.
 */
export function autoscaled(
  pool: { readonly size: number; readonly active: number },
  /** Whether a queue waits for a slot. */
  behind: boolean,
  { min, max }: Bounds,
): number {
  const { size, active } = pool;
  const wanted = behind ? Math.ceil(size * 1.5) + 1 : active < size / 2 ? size - 1 : size;
  return Math.max(min, Math.min(max, wanted));
}
