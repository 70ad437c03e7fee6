const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const MAX_MS = 3650 * UNIT_MS.d;

export const DURATION = 'a time such as 500ms, 30s, 5m, 2h or 7d, up to 3650d';

/** Whole milliseconds of `1.5h`; `undefined` when it is none. */
export function durationMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (amount === undefined) return undefined;
  const ms = Math.round(Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]);
  return ms <= MAX_MS ? ms : undefined;
}
