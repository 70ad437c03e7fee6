import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statementOf } from './statement.js';

describe('a normalised statement', () => {
  it.each([
    ['SELECT 1', 'SELECT ?'],
    [
      "SELECT * FROM quote WHERE text = 'it''s' AND id = $1",
      'SELECT * FROM quote WHERE text = ? AND id = $1',
    ],
    ['SELECT "a""b".c1 FROM t2 -- why\n WHERE x > 1.5e3', 'SELECT "a""b".c1 FROM t2 WHERE x > ?'],
    ['SELECT $tag$ any $x$ text $tag$, $$x$$', 'SELECT ?, ?'],
    [String.raw`SELECT E'a\'b', 'c'`, 'SELECT ?, ?'],
    ['SELECT /* secret 42 */ a', 'SELECT a'],
    ['SELECT a FROM t WHERE id IN ($1, $2, $3) AND b IN (7)', 'SELECT a FROM t WHERE id IN (…) AND b IN (?)'],
    ["SELECT 'never closed", 'SELECT ?'],
  ])('of %s', (sql, expected) => {
    expect(statementOf(sql).normalised).toBe(expected);
  });

  it('never has anything of a literal in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const literal = `'SECRET${text.replaceAll("'", "''")}SECRET'`;
        const { normalised } = statementOf(`SELECT a FROM t WHERE b = ${literal} AND c = $1`);
        expect(normalised).toBe('SELECT a FROM t WHERE b = ? AND c = $1');
      }),
    );
  });

  it('is cut, for logs', () => {
    expect(statementOf(`SELECT ${'a, '.repeat(2000)} b`).normalised.length).toBeLessThan(1100);
  });
});

describe('the operation of a statement', () => {
  it.each([
    ['select 1', 'select'],
    ['  (SELECT 1) UNION SELECT 2', 'select'],
    ['WITH a AS (SELECT 1) SELECT * FROM a', 'select'],
    ['WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a', 'insert'],
    ['INSERT INTO t VALUES (1)', 'insert'],
    ['UPDATE t SET a = 1', 'update'],
    ['DELETE FROM t', 'delete'],
    ['START TRANSACTION', 'transaction'],
    ['COMMIT', 'transaction'],
    ['VACUUM', 'other'],
    ['', 'other'],
  ])('%s', (sql, operation) => {
    expect(statementOf(sql).operation).toBe(operation);
  });
});
