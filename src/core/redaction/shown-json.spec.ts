import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shownJson } from './shown-json.js';
import { mayHoldSecrets, REDACTED, shownText } from './shown-text.js';

const MAX_BYTES = 8192;
const shown = (value: unknown, maxBytes = MAX_BYTES): unknown => JSON.parse(shownJson(value, maxBytes).json);

/** Names that somebody would give a secret, in the spellings of several languages. */
const secretName = fc.constantFrom(
  'password',
  'userPassword',
  'PASSWD',
  'client_secret',
  'accessToken',
  'x-auth-token',
  'Authorization',
  'proxy-authorization',
  'cookie',
  'Set-Cookie',
  'api_key',
  'apiKey',
  'X-API-Key',
  'privateKey',
  'credentials',
  'auth',
  'pwd',
);
/** What no other part of a value can be mistaken for. */
const SECRET = 's3cr3tNeedle';

/** JSON of any shape, with one member somewhere that only `plant` knows. */
const withPlanted = (plant: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      plant,
      fc
        .tuple(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }), fc.string(), tie('tree'))
        .map(([others, name, tree]) => ({ ...others, [name]: tree })),
      fc
        .tuple(fc.array(fc.jsonValue(), { maxLength: 4 }), tie('tree'))
        .map(([others, tree]) => [...others, tree]),
    ),
  })).tree;

const planted = withPlanted(
  fc.oneof(
    fc
      .tuple(
        secretName,
        fc.oneof(fc.constant(SECRET), fc.constant({ deep: [SECRET] }), fc.constant([SECRET])),
      )
      .map(([name, value]) => ({ [name]: value })),
    fc.tuple(secretName).map(([name]) => [name, SECRET]),
    fc.tuple(fc.constantFrom('name', 'key'), secretName).map(([as, name]) => ({ [as]: name, value: SECRET })),
    fc
      .tuple(
        fc.string({ maxLength: 3000 }),
        fc.constantFrom('https', 'postgres', 'redis'),
        fc.constantFrom('', 'me'),
      )
      .map(([before, scheme, user]) => `${before} ${scheme}://${user}:${SECRET}@host:5432/x`),
    fc.tuple(secretName).map(([name]) => `https://host/x?a=1&${name}=${SECRET}&b=2`),
    fc.constant(`Authorization: Bearer ${SECRET}`),
    fc
      .tuple(secretName, fc.constantFrom('=', ': ', '="', ': "', '":"', "='", '\\":\\"'))
      .map(([name, is]) => `why=a: ${name}${is}${SECRET}`),
    fc.constant(`why: Cookie: theme=dark; sid=${SECRET}`),
  ),
);

describe('a value as people may see it', () => {
  it('never holds a secret, wherever it was', () => {
    fc.assert(
      fc.property(planted, (value) => {
        expect(shownJson(value, MAX_BYTES).json).not.toContain(SECRET);
        expect(mayHoldSecrets(JSON.stringify(value))).toBe(true);
      }),
    );
  });

  it('is JSON within its bounds that PostgreSQL takes, whatever the value', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
    });
    const text = fc.string({ unit: 'binary', maxLength: 4000 });
    const value = fc.oneof(
      anything,
      fc.jsonValue(),
      fc.array(text),
      fc.dictionary(text, fc.oneof(text, anything)),
    );
    fc.assert(
      fc.property(value, fc.integer({ min: 100, max: 10_000 }), (any, maxBytes) => {
        const { json } = shownJson(any, maxBytes);
        expect(Buffer.byteLength(json)).toBeLessThanOrEqual(maxBytes);
        const everything = JSON.stringify(JSON.parse(json));
        expect(everything).not.toMatch(/\\u0000|\\ud[89a-f]/i);
      }),
      { numRuns: 500 },
    );
  });

  it('is the value itself where nothing has to be hidden or cut, and says so', () => {
    const plain = fc.jsonValue({ depthSize: 'small' }).filter((value) => JSON.stringify(value).length < 500);
    fc.assert(
      fc.property(plain, (value) => {
        const { json, whole } = shownJson(value, MAX_BYTES);
        if (whole) expect(json).toBe(JSON.stringify(value));
        else expect(json).not.toBe(JSON.stringify(value));
      }),
    );
    expect(
      shownJson({ source: 'quotes', pages: [1, 2.5, -0, 1e21], on: true, none: null }, MAX_BYTES),
    ).toEqual({
      json: '{"source":"quotes","pages":[1,2.5,0,1e+21],"on":true,"none":null}',
      whole: true,
    });
  });

  it('says what was left out, where it was', () => {
    expect(shown({ list: Array.from({ length: 300 }, (_, n) => n) })).toEqual({
      list: [...Array.from({ length: 200 }, (_, n) => n), '… 100 more'],
    });
    expect(shown(Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`k${n}`, n])))).toMatchObject({
      k199: 199,
      '…': '1 more',
    });
    expect(shown({ text: 'x'.repeat(5000) })).toEqual({
      text: expect.stringMatching(/^x{1900,}… \(5000 characters\)$/),
    });
    let deep: unknown = 'bottom';
    for (let level = 0; level < 30; level++) deep = [deep];
    expect(JSON.stringify(shown(deep))).toBe(`${'['.repeat(20)}"… nested too deep"${']'.repeat(20)}`);
    const long = shown({ a: 'y'.repeat(1500), b: 'z'.repeat(1500), c: 1 }, 2000);
    expect(long).toEqual({
      a: 'y'.repeat(1500),
      b: expect.stringMatching(/^z+… \(1500 characters\)$/),
      c: 1,
    });
    const many = shown(
      Array.from({ length: 100 }, () => 'element'),
      400,
    ) as string[];
    expect(many.at(-1)).toBe(`… ${101 - many.length} more`);
    expect(many.length).toBeGreaterThan(20);
  });

  it('bears what is no JSON at all', () => {
    const circle: Record<string, unknown> = { name: 'circle' };
    circle.self = circle;
    expect(JSON.stringify(shown(circle))).toContain('nested too deep');
    const throwing = {
      get bad(): string {
        throw new Error('no');
      },
    };
    expect(shown(throwing)).toBe('… cannot be shown');
    expect(shown({ at: new Date(0), big: 10n, f: () => 1, not: Number.NaN, un: undefined })).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      big: '10',
      not: null,
    });
    expect(shown(undefined)).toBe(null);
  });

  it('replaces what is secret and leaves its neighbours', () => {
    expect(
      shown({
        user: 'me',
        password: 'x',
        headers: [
          ['Accept', '*/*'],
          ['Cookie', 'sid=1'],
        ],
        cookies: { a: 1 },
      }),
    ).toEqual({
      user: 'me',
      password: REDACTED,
      headers: [
        ['Accept', '*/*'],
        ['Cookie', REDACTED],
      ],
      cookies: REDACTED,
    });
  });
});

describe('text as people may see it', () => {
  it.each([
    ['postgres://gleaner:pa@ss@db:5432/x failed', `postgres://${REDACTED}@db:5432/x failed`],
    ['GET https://h/x?q=1&api_key=abc#frag', `GET https://h/x?q=1&api_key=${REDACTED}#frag`],
    ['mail me@host.org about a=b', 'mail me@host.org about a=b'],
    ['Basic dXNlcjpwYXNz was refused', `Basic ${REDACTED} was refused`],
    ['login with password=a-b.c failed', `login with password=${REDACTED} failed`],
    ['login with password="a b" failed', `login with password=${REDACTED} failed`],
    ['got {"api_key":"a\\"b","n":1}', `got {"api_key":${REDACTED},"n":1}`],
    ['got {\\"apiKey\\":\\"ab\\"}', `got {\\"apiKey\\":${REDACTED}}`],
    ['Authorization: Bearer a.b.c\nAccept: */*', `Authorization: ${REDACTED}\nAccept: */*`],
    ['X-API-Key: abc, Accept: */*', `X-API-Key: ${REDACTED}, Accept: */*`],
    ['Set-Cookie: sid=a; Path=/; theme=b\nAge: 1', `Set-Cookie: ${REDACTED}\nAge: 1`],
    ['passphrase: a-b', `passphrase: ${REDACTED}`],
    ['InvalidTokenError: expired at 12:30', 'InvalidTokenError: expired at 12:30'],
    ['at take (file:///app/token-bucket.js:12:3)', 'at take (file:///app/token-bucket.js:12:3)'],
    [`key glnr_abcdefghijkl_${'x'.repeat(43)} is old`, `key glnr_abcdefghijkl_${REDACTED} is old`],
    ['a\0b\uD800c', 'a\uFFFDb\uFFFDc'],
  ])('%j is %j', (text, expected) => {
    expect(shownText(text, 1000)).toBe(expected);
  });

  it('does not change any more when it is shown again', () => {
    const part = fc.constantFrom(
      'password',
      'cookie',
      '=',
      ': ',
      ' ',
      '"',
      SECRET,
      '\n',
      'https://',
      '@',
      'bearer ',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const once = shownText(parts.join(''), 1000);
        expect(shownText(once, 1000)).toBe(once);
      }),
    );
  });

  it('hides a secret that the cut would have made unrecognisable', () => {
    const text = `https://user:${SECRET.repeat(20)}@host/`;
    expect(shownText(text, 60)).not.toContain(SECRET);
  });

  it('takes a time in proportion to its length, however it is made', () => {
    for (const part of [
      'a.',
      '://',
      'a=',
      'a="',
      'x://',
      'bearer ',
      '"',
      'https://a:b',
      'a:',
      'a":"',
      ':\\"',
      "a='",
      'cookie:',
    ]) {
      const text = part.repeat(100_000);
      expect(shownText(text, 100).length).toBeLessThanOrEqual(100);
    }
  });
});
