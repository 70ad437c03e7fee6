import { z } from 'zod';

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A rate as Celery writes it, `10/m`, in starts of a task per second, minute, hour or day. */
export const taskRate = z
  .string()
  .regex(/^[1-9]\d{0,5}\/[smhd]$/, 'expected tasks per second, minute, hour or day, such as 10/m');

/** Milliseconds between two starts at a rate. */
export function intervalMs(rate: string): number {
  const [count, unit] = rate.split('/') as [string, keyof typeof SECONDS];
  return (SECONDS[unit] * 1000) / Number(count);
}
