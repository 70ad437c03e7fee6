import { conditionOf } from './condition.js';
import { QuerySyntaxError } from './query.errors.js';
import type { TaskQuery } from './task-query.js';
import { CONDITION, type Token, tokensOf } from './tokens.js';

/** Parentheses and negations around a condition. */
const MAX_DEPTH = 20;
const MAX_CONDITIONS = 50;

/**
 * Reads a query. AND binds closer than OR, and is meant where nothing stands between two conditions:
 *
 *     query     = or
 *     or        = and { "OR" and }
 *     and       = factor { [ "AND" ] factor }
 *     factor    = ( "NOT" | "-" ) factor | "(" or ")" | condition
 *     condition = field ":" ( "\"" text "\"" | value )
 *
 * @returns `undefined` for an empty one, which every task meets.
 * @throws QuerySyntaxError
 */
export function parseQuery(text: string): TaskQuery | undefined {
  const tokens = tokensOf(text);
  return tokens.length === 1 ? undefined : new Parser(text, tokens).query();
}

class Parser {
  private index = 0;
  private conditions = 0;

  constructor(
    private readonly text: string,
    private readonly tokens: readonly Token[],
  ) {}

  query(): TaskQuery {
    const query = this.or(0);
    if (this.next.kind !== 'end') throw this.unexpected('a condition, AND, OR or the end');
    return query;
  }

  private or(depth: number): TaskQuery {
    const or = [this.and(depth)];
    while (this.take('OR')) or.push(this.and(depth));
    return or.length === 1 ? or[0]! : { or };
  }

  private and(depth: number): TaskQuery {
    const and = [this.factor(depth)];
    while (this.take('AND') || this.beginsFactor()) and.push(this.factor(depth));
    return and.length === 1 ? and[0]! : { and };
  }

  private factor(depth: number): TaskQuery {
    const token = this.next;
    if (depth > MAX_DEPTH) throw this.unexpected(`at most ${MAX_DEPTH} parentheses and negations in another`);
    if (this.take('-') || this.take('NOT')) return { not: this.factor(depth + 1) };
    if (this.take('(')) {
      const inner = this.or(depth + 1);
      if (!this.take(')')) throw this.unexpected('a condition, AND, OR or ")"');
      return inner;
    }
    if (token.kind !== 'condition') throw this.unexpected(CONDITION);
    if (++this.conditions > MAX_CONDITIONS) throw this.unexpected(`at most ${MAX_CONDITIONS} conditions`);
    this.index++;
    return conditionOf(token);
  }

  private get next(): Token {
    return this.tokens[this.index]!;
  }

  private take(kind: Token['kind']): boolean {
    if (this.next.kind !== kind) return false;
    this.index++;
    return true;
  }

  private beginsFactor(): boolean {
    return ['condition', '(', '-', 'NOT'].includes(this.next.kind);
  }

  private unexpected(expected: string): QuerySyntaxError {
    const { at } = this.next;
    return new QuerySyntaxError(at, expected, this.text.slice(at, this.tokens[this.index + 1]?.at).trimEnd());
  }
}
