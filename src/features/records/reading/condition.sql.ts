import type { Parameters } from '../../../core/database/index.js';
import type { Comparison, Condition } from './condition.js';

/**
 * How PostgreSQL compares what a field has, in its own type, with what was asked: a number with a number, text with text
 * (code point by code point, which also orders ISO dates), each member of a list by itself. These are constants of the
 * code; names and values are bound.
 */
const PATHS: Readonly<Record<Exclude<Comparison, '!=' | '~'>, string>> = {
  '=': '==',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** The condition on a row `w`, to stand in WHERE. */
export function conditionSql(condition: Condition, parameters: Parameters): string {
  const field = `${parameters.bind(condition.field)}::text`;
  if (!('value' in condition)) {
    const there = `w.data ? ${field}`;
    return condition.operator === 'exists' ? there : `NOT ${there}`;
  }
  const { operator, value } = condition;
  const found = `w.data -> ${field}`;
  if (operator === '~') {
    return `EXISTS (SELECT FROM jsonb_path_query(${found}, '$[*] ? (@.type() == "string")') AS member (value)
      WHERE strpos(member.value #>> '{}', ${parameters.bind(value.text.toWellFormed())}::text) > 0)`;
  }
  const negated = operator === '!=';
  const sign = PATHS[negated ? '=' : operator];
  // Of truth values none is less than another.
  const typed = typeof value.typed === 'boolean' && sign !== '==' ? undefined : value.typed;
  const path = typed === undefined ? `@ ${sign} $text` : `@ ${sign} $typed || @ ${sign} $text`;
  const values = parameters.bind(JSON.stringify({ text: value.text.toWellFormed(), typed }));
  const met = `jsonb_path_exists(${found}, '$[*] ? (${path})', ${values}::jsonb)`;
  return negated ? `w.data ? ${field} AND NOT ${met}` : met;
}
