import type { Operation } from './database.metrics.js';

/** What logs and metrics tell of a statement. */
export interface Statement {
  operation: Operation;
  /** The SQL without comments, literals and line breaks; parameters are only their numbers. */
  normalised: string;
}

const MAX_LENGTH = 1000;
/** Statements come from the code, so they are few; should one be composed of data, the cache must not grow with it. */
const MAX_CACHED = 500;
const cache = new Map<string, Statement>();

/** Describes a statement; quick for one that has been seen before. */
export function statementOf(sql: string): Statement {
  const known = cache.get(sql);
  if (known) return known;
  const normalised = normalise(sql);
  const statement = { operation: operationOf(normalised), normalised };
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(sql, statement);
  return statement;
}

/** In this order: what a literal or a comment contains must not be taken for the other. */
const LEXEMES = new RegExp(
  [
    String.raw`(?<comment>--[^\n]*|/\*[\s\S]*?\*/)`,
    String.raw`(?<name>"(?:[^"]|"")*")`,
    String.raw`(?<literal>[eE]'(?:[^'\\]|''|\\[\s\S])*'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'|(?<tag>\$(?:[a-zA-Z_]\w*)?\$)[\s\S]*?\k<tag>)`,
    String.raw`(?<word>\$\d+|[a-zA-Z_]\w*)`,
    String.raw`(?<number>(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|0[xXoObB][\da-fA-F_]+)`,
    // A quote that nothing closes: the rest could be anything.
    String.raw`(?<open>['"][\s\S]*|/\*[\s\S]*)`,
  ].join('|'),
  'g',
);

function normalise(sql: string): string {
  const text = sql.replace(LEXEMES, (whole, ...rest) => {
    const { comment, name, word } = rest.at(-1) as Record<string, string | undefined>;
    if (comment !== undefined) return ' ';
    return name ?? word ?? (whole.startsWith('/*') ? ' ' : '?');
  });
  const line = text
    .replace(/\s+/g, ' ')
    // Lists differ in length with the data.
    .replace(/([([]) ?(?:\?|\$\d+)(?: ?, ?(?:\?|\$\d+))+ ?([)\]])/g, '$1…$2')
    .trim();
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}

const WORDS: Readonly<Record<string, Operation>> = {
  select: 'select',
  insert: 'insert',
  update: 'update',
  delete: 'delete',
  start: 'transaction',
  begin: 'transaction',
  commit: 'transaction',
  rollback: 'transaction',
  savepoint: 'transaction',
  release: 'transaction',
};

function operationOf(normalised: string): Operation {
  const first = /^\(*\s*([a-z]+)/i.exec(normalised)?.[1]?.toLowerCase() ?? '';
  // What WITH does is told by what it has inside: a writing part makes it a write.
  const word = first === 'with' ? (/\b(insert|update|delete)\b/i.exec(normalised)?.[1] ?? 'select') : first;
  return WORDS[word.toLowerCase()] ?? 'other';
}
