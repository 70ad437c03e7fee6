import { StatCounter } from '../runs/run-stats.js';
import type { Spider } from './spider.js';

/** Fields of a kind that are counted at most: a site decides what they are called, and must not fill the run's row. */
const MAX_FIELDS = 100;

/** Counts the items of each kind as `kind`, and those of them with a value in a field as `kind.field`. */
export function countFields(items: readonly unknown[], spider: Spider): StatCounter {
  const counts = new StatCounter();
  for (const item of items) {
    const { kind, fields } = spider.describe(item);
    counts.add(kind);
    for (const name of Object.keys(fields).slice(0, MAX_FIELDS)) {
      if (hasValue(fields[name])) counts.add(`${kind}.${name}`);
    }
  }
  return counts;
}

function hasValue(value: unknown): boolean {
  return (
    value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)
  );
}
