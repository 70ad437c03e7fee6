import type { Parameters } from '../../../core/database/index.js';
import {
  type Condition,
  momentOf,
  type TaskQuery,
  type TextCondition,
  type TextField,
  type TextMatch,
} from './task-query.js';

const COLUMNS: Readonly<Record<Exclude<TextField, 'error'>, string>> = {
  id: 'id',
  name: 'name',
  queue: 'queue',
  worker: 'worker',
  root: 'root_id',
  parent: 'parent_id',
  correlation: 'correlation_id',
  retry_of: 'retry_of',
};

/**
 * The query as a condition on the columns of `task`, true or false and never null, so that NOT is the rest. Columns and
 * operators are constants of the code; all that came from outside is bound.
 * @param nowMs what times before now are reckoned from, in milliseconds since 1970.
 */
export function querySql(query: TaskQuery, nowMs: number, parameters: Parameters): string {
  if ('and' in query) return joined(query.and, ' AND ', nowMs, parameters);
  if ('or' in query) return joined(query.or, ' OR ', nowMs, parameters);
  if ('not' in query) return `NOT ${querySql(query.not, nowMs, parameters)}`;
  return `((${conditionSql(query, nowMs, parameters)}) IS TRUE)`;
}

const joined = (
  parts: readonly TaskQuery[],
  operator: string,
  nowMs: number,
  parameters: Parameters,
): string => `(${parts.map((part) => querySql(part, nowMs, parameters)).join(operator)})`;

/** One condition, which may be null. */
export function conditionSql(condition: Condition, nowMs: number, parameters: Parameters): string {
  if ('match' in condition) return matchSql(condition, parameters);
  if (condition.field === 'state') return `state = ${parameters.bind(condition.state)}`;
  if (condition.field === 'arg') return argumentSql(condition, parameters);
  if (condition.field === 'took')
    return `runtime_ms ${condition.comparison} ${parameters.bind(condition.ms)}::bigint`;
  if (condition.field === 'attempts')
    return `attempt ${condition.comparison} ${parameters.bind(condition.count)}::integer`;
  const moment = parameters.bind(new Date(momentOf(condition.time, nowMs)).toISOString());
  return `enqueued_at ${condition.field === 'after' ? '>=' : '<'} ${moment}::timestamptz`;
}

function matchSql({ field, match }: TextCondition, parameters: Parameters): string {
  if (field === 'error') return errorSql(match, parameters);
  return 'text' in match
    ? `${COLUMNS[field]} = ${parameters.bind(match.text)}`
    : `${COLUMNS[field]} LIKE ${parameters.bind(likeOf(match.pattern))}`;
}

function errorSql(match: TextMatch, parameters: Parameters): string {
  const inner = 'text' in match ? escaped(match.text) : likeOf(match.pattern);
  const pattern = parameters.bind(`%${inner}%`);
  return `error_class ILIKE ${pattern} OR error_code ILIKE ${pattern} OR error_message ILIKE ${pattern}`;
}

/** As the index on the arguments can tell it: whether they contain one of a few pieces of JSON. */
function argumentSql(
  { path, value, quoted }: Extract<Condition, { field: 'arg' }>,
  parameters: Parameters,
): string {
  const values =
    quoted || !JSON_SCALAR.test(value) ? [JSON.stringify(value)] : [JSON.stringify(value), value];
  return values
    .flatMap((json) => [json, `[${json}]`])
    .map((json) => `args @> ${parameters.bind(nested(path, json))}::jsonb`)
    .join(' OR ');
}

/** What may be meant besides a text. The digits go to PostgreSQL as they are: its numbers are longer than ours. */
const JSON_SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?)$/;

const nested = (path: readonly string[], json: string): string =>
  path.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, json);

const escaped = (text: string): string => text.replaceAll(/[\\%_]/g, String.raw`\$&`);
const likeOf = (pattern: string): string => pattern.split('*').map(escaped).join('%');
