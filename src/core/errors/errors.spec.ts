import type { StandardSchemaV1 } from '@standard-schema/spec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { GleanerError, isRetryable, messageOf } from './gleaner-error.js';
import { InvalidInputError } from './invalid-input.error.js';
import { NotFoundError } from './not-found.error.js';

class Passing extends GleanerError {
  readonly code = 'spec.passing';
  readonly title = 'Passing';
  override readonly retryable = true;
}

class Lasting extends GleanerError {
  readonly code = 'spec.lasting';
  readonly title = 'Lasting';
}

const issuesOf = (schema: z.ZodType, input: unknown): readonly StandardSchemaV1.Issue[] =>
  schema.safeParse(input).error?.issues ?? [];

const refuse = (schema: z.ZodType, input: unknown): InvalidInputError =>
  InvalidInputError.fromIssues(issuesOf(schema, input), input, 'body');

describe('whether to try again', () => {
  it.each([
    ['an error that says it passes', new Passing('x'), true],
    ['an error that does not', new Lasting('x'), false],
    ['an error of somebody else', new TypeError('x'), true],
    ['something that is no error', 'x', true],
  ])('is decided for %s', (_, error, expected) => {
    expect(isRetryable(error)).toBe(expected);
  });
});

describe('every error of ours', () => {
  it('has the name of its class, its cause, and is an Error', () => {
    const cause = new Error('inner');
    const error = new Passing('outer', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'Passing',
      message: 'outer',
      cause,
      httpStatus: 500,
      severity: 'error',
    });
  });

  it('tells its text; what is no error is told as text too', () => {
    expect(messageOf(new Error('a'))).toBe('a');
    expect(messageOf(undefined)).toBe('undefined');
  });

  it('cuts a long id that was not found', () => {
    expect(new NotFoundError('quote', 'x'.repeat(10_000)).message.length).toBeLessThan(300);
  });
});

describe('invalid input', () => {
  const schema = z.strictObject({
    limit: z.number('expected a number'),
    tags: z.array(z.string('expected text')),
  });

  it('names each field, what was expected and what came', () => {
    const error = refuse(schema, { limit: 'ten', tags: ['a', 7, null] });

    expect(error.extensions.errors).toEqual([
      { field: 'limit', message: 'expected a number, got "ten"' },
      { field: 'tags.1', message: 'expected text, got 7' },
      { field: 'tags.2', message: 'expected text, got null' },
    ]);
    expect(error.message).toContain('tags.1: expected text, got 7');
    expect(error).toMatchObject({ code: 'invalid_input', httpStatus: 400, retryable: false });
  });

  it('says "nothing" for a field that is missing, also below one that is missing', () => {
    const issue = { message: 'expected a name', path: ['owner', 'name'] };
    expect(InvalidInputError.fromIssues([issue], null, 'body').extensions.errors).toEqual([
      { field: 'owner.name', message: 'expected a name, got nothing' },
    ]);
  });

  it('names the input itself when the fault is not in a field', () => {
    expect(refuse(z.number('expected a number'), 'x').extensions.errors).toEqual([
      { field: 'body', message: 'expected a number, got "x"' },
    ]);
  });

  it('names unknown members by their own names', () => {
    const errors = refuse(schema, { limit: 1, tags: [], limt: 2, tag: 3 }).extensions.errors;
    expect(errors.map(({ field }) => field)).toEqual(['limt', 'tag']);
    expect(errors[0]?.message).toBe('is not known here; remove it');
  });

  it('says where an unknown member is', () => {
    const nested = z.object({ owners: z.array(z.strictObject({ name: z.string() })) });
    const [error] = refuse(nested, { owners: [{ name: 'a', nmae: 'b' }] }).extensions.errors;
    expect(error?.field).toBe('owners.0.nmae');
  });

  it('understands paths whose parts are objects, as Standard Schema allows', () => {
    const issue = { message: 'expected b', path: [{ key: 'a' }, 0] };
    expect(InvalidInputError.fromIssues([issue], { a: [1] }, 'body').extensions.errors).toEqual([
      { field: 'a.0', message: 'expected b, got 1' },
    ]);
  });

  it('tells at most 20 faults of a hostile input, however they are spread', () => {
    const unknownMembers = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`member${n}`, n]));
    const inputs: [z.ZodType, unknown][] = [
      [z.array(z.string()), Array.from({ length: 1000 }, () => 1)],
      [z.strictObject({}), unknownMembers],
      [z.array(z.strictObject({})), Array.from({ length: 1000 }, () => unknownMembers)],
    ];
    for (const [each, input] of inputs) expect(refuse(each, input).extensions.errors).toHaveLength(20);
  });

  it('cuts long values and long names', () => {
    const value = refuse(z.number(), 'x'.repeat(100_000)).extensions.errors[0];
    expect(value?.message).toMatch(/got "x{79}… \(100002 characters\)$/);
    const name = refuse(z.strictObject({}), { ['x'.repeat(100_000)]: 1 }).extensions.errors[0];
    expect(name?.field).toHaveLength(100);
  });

  it('tells of any value at all without failing itself', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
    });
    fc.assert(
      fc.property(anything, (input) => {
        const { errors } = InvalidInputError.fromIssues(
          [{ message: 'expected something else' }],
          input,
          'body',
        ).extensions;
        expect(errors).toHaveLength(1);
      }),
    );
  });

  it('tells of a value that JSON cannot hold, such as the bigint of a row id', () => {
    const { errors } = refuse(z.object({ id: z.number('expected a number') }), { id: 12n }).extensions;
    expect(errors).toEqual([{ field: 'id', message: 'expected a number, got 12' }]);
  });
});
