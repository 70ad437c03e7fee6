import { TASK_STATES } from '../entities/task.entity.js';
import { DURATION, durationMs } from './duration.js';
import { QuerySyntaxError } from './query.errors.js';
import {
  type Comparison,
  type Condition,
  type PointInTime,
  TEXT_FIELDS,
  type TextField,
} from './task-query.js';
import type { Token } from './tokens.js';

type Given = Extract<Token, { kind: 'condition' }>;

const FIELDS = ['state', ...TEXT_FIELDS, 'after', 'before', 'took', 'attempts', 'arg.<name>'];

/** @throws QuerySyntaxError when there is no such field, or the value is none of it. */
export function conditionOf(given: Given): Condition {
  const { field } = given;
  if (field === 'state') {
    const state = TASK_STATES.find((known) => known === given.value);
    return state ? { field, state } : refuse(given, `one of ${TASK_STATES.join(', ')}`);
  }
  if (isTextField(field)) return { field, match: matchOf(given) };
  if (field === 'after' || field === 'before') return { field, time: timeOf(given) };
  if (field === 'took') {
    const { comparison, rest } = compared(given);
    const ms = durationMs(rest);
    return ms === undefined
      ? refuse(given, `${DURATION}, behind one of ${SIGNS}`)
      : { field, comparison, ms };
  }
  if (field === 'attempts') {
    const { comparison, rest } = compared(given);
    if (!/^\d{1,6}$/.test(rest)) refuse(given, `a whole number up to 999999, behind one of ${SIGNS}`);
    return { field, comparison, count: Number(rest) };
  }
  if (field.startsWith('arg.')) return argumentOf(given);
  throw new QuerySyntaxError(given.at, `one of the fields ${FIELDS.join(', ')}`, field);
}

const isTextField = (field: string): field is TextField => (TEXT_FIELDS as readonly string[]).includes(field);

const matchOf = ({ value, quoted }: Given): { text: string } | { pattern: string } =>
  !quoted && value.includes('*') ? { pattern: value } : { text: value };

const SIGNS = 'nothing, <, <=, > and >=';

function compared({ value }: Given): { comparison: Comparison; rest: string } {
  const sign = /^(?:<=|>=|<|>|=)/.exec(value)?.[0];
  return { comparison: (sign ?? '=') as Comparison, rest: value.slice(sign?.length ?? 0) };
}

const ISO = /^((?:19[7-9]|2\d\d)\d-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/;

function timeOf(given: Given): PointInTime {
  const { value } = given;
  const agoMs = value.startsWith('-') ? durationMs(value.slice(1)) : undefined;
  if (agoMs !== undefined) return { agoMs };
  const [, day, zone] = ISO.exec(value) ?? [];
  // Without a zone UTC is meant, which JavaScript knows of days only.
  const atMs = Date.parse(zone === undefined && value.includes('T') ? `${value}Z` : value);
  // It also takes the 30th of February, and makes it the 2nd of March.
  const exists = day !== undefined && dayOf(Date.parse(day)) === day;
  return exists && Number.isFinite(atMs)
    ? { atMs }
    : refuse(given, 'a time such as 2026-01-31, 2026-01-31T08:30:00Z, or one before now such as -1h');
}

const dayOf = (ms: number): string | undefined =>
  Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 10) : undefined;

function argumentOf(given: Given): Condition {
  const path = given.field.split('.').slice(1);
  if (path.includes('') || path.length > 10)
    throw new QuerySyntaxError(given.at, 'one to ten names behind "arg.", joined by dots', given.field);
  const { value, quoted } = given;
  if (!quoted && value.includes('*')) refuse(given, 'a value without *, unless in quotation marks');
  return { field: 'arg', path, value, quoted };
}

function refuse({ valueAt, value }: Given, expected: string): never {
  throw new QuerySyntaxError(valueAt, expected, value);
}
