import fc from 'fast-check';
import type { Schema } from './openapi.js';

/** A value as it stands in a URL. */
export interface Value {
  encoded: string;
  /** Whether the document allows it; `undefined` when the document cannot tell, as for an opaque cursor. */
  valid: boolean | undefined;
}

/** What breaks parsers, encodings, queries and prototypes. */
const NASTY = [
  // Characters.
  [
    '',
    ' ',
    '\0',
    'a\0b',
    '\u202e',
    '\ufeff',
    '\ufffe',
    '\u0085',
    '\u2028',
    '\r\nX-Injected: 1',
    '\t',
    '\x7f',
  ],
  ['\ud800', 'a\u0301', '👩‍👩‍👧‍👦', 'İ', 'ß', 'ﬁ', 'Ørnvik', '“', '９', '٣'],
  // Numbers.
  ['NaN', 'Infinity', '-0', '-1', '0', '+1', '1.5', '1e3', '1e309', '0x10', '0b1', '1_000', '1,2'],
  ['9007199254740991', '9007199254740992', '9223372036854775808', `1${'0'.repeat(400)}`],
  // Words of languages.
  ['null', 'undefined', 'true', '[]', '{}', '[object Object]', '__proto__', 'constructor', 'toString'],
  ["' OR 1=1 --", '"; DROP TABLE quote; --', "\\'", '\\', '${7*7}', '{{7*7}}', '<script>alert(1)</script>'],
  // Parts of URLs and paths.
  ['../../etc/passwd', '..', '.', '/', '//', '%', '%00', '%2e%2e', '*', '?', '#', '&', '=', ';', '~', ':'],
  // Of a search.
  [
    '"',
    '"a',
    'a"b',
    '((',
    '))',
    '!',
    '!!',
    '&|',
    '-',
    '- -',
    'a:*',
    'a <-> b',
    'or',
    'or or',
    '-"',
    "'",
    '|',
  ],
  ['the', 'a', 'lighthouse or -salt "a b"'],
  // Sizes.
  ['x'.repeat(100), 'x'.repeat(101), 'x'.repeat(200), 'x'.repeat(201), '😀'.repeat(100), 'x '.repeat(600)],
  ['x'.repeat(5000), 'x'.repeat(5001), 'x'.repeat(12_000), '('.repeat(3000)],
].flat(1);

/** Broken or unusual percent-encoding; what it means is for the server to find out. */
const RAW = [
  '%',
  '%zz',
  '%c3',
  '%c0%af',
  '%ed%a0%80',
  '%E0%A4%A',
  '%f5%80%80%80',
  '%00',
  '%0d%0a',
  '+',
  '%2B',
  '%252e',
  '%u0041',
];

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

/**
 * Values of one parameter: mostly known or valid ones, else just beside that, or anything at all.
 * @param opaque what can look like a value whose form the document does not tell.
 */
export function valueOf(
  listed: Schema,
  known: readonly string[],
  opaque: fc.Arbitrary<string> | undefined,
): fc.Arbitrary<Value> {
  // A list is given by its name once for each of its items: here one of them.
  const schema = listed.type === 'array' ? (listed.items ?? {}) : listed;
  const judge = (text: string): Value => ({
    encoded: encode(text),
    valid: opaque ? undefined : allows(schema, text),
  });
  const unjudged = (text: string): Value => ({ encoded: encode(text), valid: undefined });
  return fc.oneof(
    ...(known.length > 0 ? [{ weight: 10, arbitrary: fc.constantFrom(...known).map(judge) }] : []),
    { weight: 5, arbitrary: validFor(schema).map(judge) },
    { weight: 4, arbitrary: besides(schema, known).map(judge) },
    { weight: 3, arbitrary: fc.constantFrom(...NASTY).map(judge) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }).map(judge) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...RAW).map((encoded): Value => ({ encoded, valid: undefined })),
    },
    ...(opaque ? [{ weight: 12, arbitrary: opaque.map(unjudged) }] : []),
  );
}

function validFor(schema: Schema): fc.Arbitrary<string> {
  if (schema.enum) return fc.constantFrom(...schema.enum.map(String));
  if (schema.format === 'uuid') return fc.uuid({ version: 4 });
  if (schema.type === 'integer' || schema.type === 'number') {
    return fc
      .maxSafeInteger()
      .map((n) => String(Math.min(Math.max(n, schema.minimum ?? n), schema.maximum ?? n)));
  }
  const { minLength = 0, maxLength = 100 } = schema;
  return fc.oneof(
    fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 20) }),
    fc.string({
      unit: 'grapheme-ascii',
      minLength: Math.min(maxLength, 300),
      maxLength: Math.min(maxLength, 300),
    }),
  );
}

/** One step over a limit, and what a careless client makes of a good value. */
function besides(schema: Schema, known: readonly string[]): fc.Arbitrary<string> {
  const { minimum, maximum, minLength = 0, maxLength } = schema;
  const limits = [minimum, maximum].filter((limit) => limit !== undefined);
  const bases = [...known.slice(0, 5), ...(schema.enum ?? []).map(String), '1', '20', 'abc'];
  return fc.constantFrom(
    ...limits.flatMap((limit) => [limit - 1, limit, limit + 1, limit + 0.5].map(String)),
    'x'.repeat(Math.max(0, minLength - 1)),
    'x'.repeat(minLength),
    ...(maxLength === undefined
      ? []
      : ['x'.repeat(maxLength), 'x'.repeat(maxLength + 1), '😀'.repeat(Math.min(maxLength, 1000))]),
    ...bases.flatMap((base) => [
      ` ${base}`,
      `${base} `,
      base.toUpperCase(),
      `${base}\0`,
      `"${base}"`,
      `${base}.0`,
    ]),
  );
}

/** A cursor has no secret: anybody can write one, with any key in it. */
export const forgedCursors = forgedCursor();

function forgedCursor(): fc.Arbitrary<string> {
  const time = fc.oneof(
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.constantFrom(
      '0000-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999Z',
      '2026-02-30T00:00:00Z',
      'infinity',
      '',
    ),
  );
  const number = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, -1, 0.5, 1e308, 2 ** 53));
  const text = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 1000 }));
  return fc
    .oneof(
      // The shapes of the keys that there are, then anything.
      { weight: 4, arbitrary: fc.tuple(time, number) },
      { weight: 2, arbitrary: fc.tuple(time, fc.uuid()) },
      { weight: 3, arbitrary: fc.tuple(text) },
      { weight: 2, arbitrary: fc.tuple(fc.oneof(time, fc.constant(null)), number) },
      { weight: 1, arbitrary: fc.tuple(number) },
      { weight: 1, arbitrary: fc.tuple(time, fc.oneof(text, fc.constant(null))) },
      { weight: 1, arbitrary: fc.jsonValue() },
    )
    .map((json) => Buffer.from(JSON.stringify(json)).toString('base64url'));
}

/** Queries of tasks, some of them well-formed. */
export const taskQueries: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom('state:failed', 'name:scrape.*', '-queue:low', 'took:>30s', 'after:-1h', 'arg.n:1'),
      fc.constantFrom(
        '(',
        ')',
        'NOT',
        'AND',
        'OR',
        'state:',
        ':',
        '"',
        'took:<',
        'nobody:1',
        'after:0000-01-01',
      ),
      fc.constantFrom(...NASTY),
    ),
    { maxLength: 5 },
  )
  .map((words) => words.join(' '));

/** Lists of columns, most of them of tasks. */
export const columnLists: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom('id', 'name', 'state', 'payload', ''), fc.constantFrom(...NASTY)), {
    maxLength: 4,
  })
  .map((names) => names.join(','));

/** Conditions on fields, most of them readable. */
export const conditions: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('title', 'price', 'tags', 'nobody', '__proto__', 'a.b', ''),
      fc.constantFrom(...NASTY),
    ),
    fc.constantFrom('=', '!=', '<', '<=', '>', '>=', '~', ' exists', ' missing', '==', ''),
    fc.oneof(
      fc.constantFrom('3', '-1.5e3', '1e309', 'true', '"quoted \\" text"', '"', ''),
      fc.constantFrom(...NASTY),
    ),
  )
  .map((parts) => parts.join(''));

/** Whether a parameter's schema allows a text; a number counts in its usual spelling only. */
function allows(schema: Schema, text: string): boolean | undefined {
  if (text !== text.toWellFormed()) return undefined;
  if (schema.enum) return schema.enum.includes(text);
  if (schema.format === 'uuid')
    return schema.pattern === undefined ? undefined : matches(schema.pattern, text);
  if (schema.type === 'integer' || schema.type === 'number') {
    const digits = schema.type === 'integer' ? /^(0|-?[1-9]\d{0,15})$/ : /^(0|-?[1-9]\d{0,9})(\.\d{1,6})?$/;
    if (!digits.test(text)) return undefined;
    const number = Number(text);
    return number >= (schema.minimum ?? -Infinity) && number <= (schema.maximum ?? Infinity);
  }
  // JSON Schema counts characters, which are code points.
  const length = Array.from(text).length;
  return (
    length >= (schema.minLength ?? 0) &&
    length <= (schema.maxLength ?? Infinity) &&
    (schema.pattern === undefined || matches(schema.pattern, text))
  );
}

const matches = (pattern: string, text: string): boolean => new RegExp(pattern, 'u').test(text);
