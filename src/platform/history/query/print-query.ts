import type { Condition, TaskQuery } from './task-query.js';

/** The text of a query, in one spelling of the many that mean it; reading it gives the same query. */
export function printQuery(query: TaskQuery): string {
  if ('and' in query) return query.and.map(enclosed).join(' ');
  if ('or' in query) return query.or.map(enclosed).join(' OR ');
  if ('not' in query) return `-${enclosed(query.not)}`;
  return printCondition(query);
}

const enclosed = (query: TaskQuery): string =>
  'and' in query || 'or' in query ? `(${printQuery(query)})` : printQuery(query);

function printCondition(condition: Condition): string {
  if ('match' in condition) {
    const { field, match } = condition;
    return `${field}:${'pattern' in match ? match.pattern : shortest(match.text)}`;
  }
  if (condition.field === 'state') return `state:${condition.state}`;
  if (condition.field === 'took') return `took:${signOf(condition)}${condition.ms}ms`;
  if (condition.field === 'attempts') return `attempts:${signOf(condition)}${condition.count}`;
  if (condition.field === 'arg') {
    const { path, value, quoted } = condition;
    return `arg.${path.join('.')}:${quoted ? inQuotes(value) : value}`;
  }
  const { field, time } = condition;
  return `${field}:${'agoMs' in time ? `-${time.agoMs}ms` : new Date(time.atMs).toISOString()}`;
}

const signOf = ({ comparison }: { comparison: string }): string => (comparison === '=' ? '' : comparison);
const shortest = (text: string): string => (/^[^\s()"*]+$/.test(text) ? text : inQuotes(text));
const inQuotes = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
