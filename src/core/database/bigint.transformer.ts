import type { ValueTransformer } from 'typeorm';

/** PostgreSQL's bigint arrives as text; ids stay far below 2^53, where a number is exact. */
export const bigintTransformer: ValueTransformer = {
  from: (value: string | null) => (value === null ? null : Number(value)),
  to: (value: number | null) => value,
};
