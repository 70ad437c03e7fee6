import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** What reads `90s`, `5m`, `2h` or `1d` as seconds, from `min` to `max` of them. */
export function periodFrom(min: number, max: number) {
  return (text: string): number => {
    const [, amount, unit = ''] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
    const seconds = Number(amount) * (UNITS[unit] ?? Number.NaN);
    if (seconds >= min && seconds <= max) return seconds;
    throw new InvalidArgumentError(`Expected a time as 90s, 5m, 2h or 1d, from ${min}s to ${max}s.`);
  };
}
