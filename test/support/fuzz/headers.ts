import fc from 'fast-check';

/** What a request may present in `Authorization`. */
export type Credentials = fc.Arbitrary<string | undefined>;

const latin1 = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
      fc.integer({ min: 0xa0, max: 0xff }),
    ),
    {
      maxLength: 40,
    },
  )
  .map((codes) => String.fromCharCode(...codes));

/** Each header now and then, with values that mean something, hardly anything, or nothing. */
export function headersOf(
  etags: readonly string[],
  credentials: Credentials,
): fc.Arbitrary<Record<string, string>> {
  const known = etags.length > 0 ? etags : ['"none"'];
  const header = (...values: readonly string[]): fc.Arbitrary<string | undefined> =>
    fc.oneof(
      { weight: 12, arbitrary: fc.constant(undefined) },
      { weight: 6, arbitrary: fc.constantFrom(...values) },
      { weight: 1, arbitrary: latin1 },
    );
  return fc
    .record({
      authorization: credentials,
      accept: header(
        'application/json',
        '*/*',
        'text/html',
        'application/xml;q=0.9',
        'application/json;q=0',
        ',',
        '*/*;q=x',
      ),
      'accept-encoding': header(
        'gzip',
        'br',
        'zstd',
        'deflate',
        'gzip, br;q=0',
        '*',
        'identity;q=0',
        '*;q=0',
        'gzip;q=2',
        ',',
      ),
      'accept-language': header('de', '*', 'xx-'.repeat(100)),
      'if-none-match': header(
        '*',
        ...known.slice(0, 4),
        `W/${known[0]}`,
        `"x", ${known[0]}`,
        '"',
        'x',
        '"a'.repeat(500),
      ),
      'if-match': header('*', '"x"'),
      'if-modified-since': header(
        'Thu, 01 Jan 1970 00:00:00 GMT',
        'Fri, 31 Dec 9999 23:59:59 GMT',
        'yesterday',
      ),
      range: header('bytes=0-0', 'bytes=5-1', 'bytes=-1', 'items=1-2', 'bytes=0-0,2-3'),
      'cache-control': header('no-cache', 'no-store', 'only-if-cached', 'max-age=-1'),
      // Rare, for with it nothing is changed and all answers are the same.
      origin: fc.oneof(
        { weight: 8, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: header('https://example.com', 'null', 'file://') },
      ),
      'x-request-id': header('order-4711-abcdef', 'short', 'x'.repeat(300)),
      'x-forwarded-for': header('203.0.113.7', '::1', '1.2.3.4, 5.6.7.8', 'x', ','.repeat(200)),
      'x-forwarded-proto': header('https', 'http', 'gopher'),
      forwarded: header('for=203.0.113.7;proto=https', 'for="[::1]"', 'for=_hidden', ';;;'),
      cookie: header('a=b', '=', ';', 'x'.repeat(3000)),
      'x-http-method-override': header('DELETE'),
    })
    .map((all) =>
      Object.fromEntries(Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined)),
    );
}

export const CONTENT_TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/yaml',
  'application/json; charset=x',
  'text/plain',
  'text/html',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/octet-stream',
  'application/vnd.api+json',
  'json',
  '/',
  ';',
  '',
];

export const bodies: fc.Arbitrary<string | undefined> = fc.oneof(
  fc.constantFrom(
    '{}',
    '[]',
    'null',
    '""',
    '',
    '{',
    '{"a":',
    '\0',
    '{"__proto__":{"a":1}}',
    '{"constructor":{"prototype":{}}}',
  ),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom(
    '['.repeat(100_000),
    `{"a":"${'x'.repeat(1_100_000)}"}`,
    'a=b&c=d',
    '--x\r\n\r\n--x--',
    '<a/>',
  ),
);
