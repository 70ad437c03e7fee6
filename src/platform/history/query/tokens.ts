import { QuerySyntaxError } from './query.errors.js';

/** Characters of a query. */
const MAX_QUERY_LENGTH = 2000;

export type Token = { readonly at: number } & (
  | { readonly kind: '(' | ')' | '-' | 'AND' | 'OR' | 'NOT' | 'end' }
  | {
      readonly kind: 'condition';
      readonly field: string;
      readonly value: string;
      readonly valueAt: number;
      /** Whether the value stood in quotation marks: then it is a text and nothing else. */
      readonly quoted: boolean;
    }
);

const SPACE = /[ \t\r\n]*/y;
const SIGN = /[()-]/y;
const FIELD = /([\p{L}_][\p{L}\p{N}_.-]*):/uy;
const OPERATOR = /(?:AND|OR|NOT)(?![\p{L}\p{N}_.-])/uy;
const QUOTED = /"((?:[^"\\]|\\["\\])*)"/y;
const BARE = /[^\s()"]+/y;
const WORD = /[^\s()"]*/y;
/** Neither is in any text that is stored, and PostgreSQL does not take them all. */
const UNFIT = /(?![\t\r\n])\p{Cc}|\p{Cs}/u;

/**
 * Cuts a query into its tokens; the last one is its end.
 * @throws QuerySyntaxError
 */
export function tokensOf(text: string): Token[] {
  if (text.length > MAX_QUERY_LENGTH)
    throw new QuerySyntaxError(MAX_QUERY_LENGTH, `at most ${MAX_QUERY_LENGTH} characters`, 'more');
  const unfit = UNFIT.exec(text);
  if (unfit) throw new QuerySyntaxError(unfit.index, 'no control characters', unfit[0]);
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    if (match) at = pattern.lastIndex;
    return match;
  };
  for (take(SPACE); at < text.length; take(SPACE)) {
    const start = at;
    const simple = take(SIGN) ?? take(OPERATOR);
    if (simple) {
      tokens.push({ kind: simple[0] as '(' | ')' | '-' | 'AND' | 'OR' | 'NOT', at: start });
      continue;
    }
    const field = take(FIELD)?.[1];
    if (field === undefined)
      throw new QuerySyntaxError(start, CONDITION, take(WORD)?.[0] || text.slice(start, start + 1));
    const valueAt = at;
    const quoted = take(QUOTED)?.[1];
    const value = quoted?.replaceAll(/\\(.)/gs, '$1') ?? take(BARE)?.[0] ?? '';
    if (value === '') {
      const expected =
        text[at] === '"'
          ? 'a text in quotation marks, with \\" and \\\\ for these two characters in it'
          : `a value behind "${field.slice(0, 40)}:"`;
      throw new QuerySyntaxError(valueAt, expected, text.slice(valueAt));
    }
    tokens.push({ kind: 'condition', field, value, valueAt, quoted: quoted !== undefined, at: start });
  }
  tokens.push({ kind: 'end', at: text.length });
  return tokens;
}

export const CONDITION = 'a condition such as state:failed (AND, OR and NOT are written in capitals)';
