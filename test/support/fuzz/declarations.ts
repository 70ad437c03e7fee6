import fc from 'fast-check';

/** Slugs that requests declare, replace, switch and delete: so few that they meet again, and one that code has. */
export const DECLARED_SLUGS = Array.from('abcdefghijkl')
  .map((letter) => `fuzz-${letter}`)
  .concat('quotes');

const DECLARATION = {
  slug: 'fuzz-a',
  name: 'Fuzz',
  // Refused at once, and so nobody is asked for an address; the page that can be previewed is at the other host.
  startUrls: ['http://127.0.0.2/'],
  scope: { allowedHosts: ['127.0.0.1'] },
  politeness: { downloadDelayMs: 1, robotsTxt: false, autoThrottle: { targetConcurrency: 2 } },
  limits: { maxPages: 10, maxItems: null },
  extraction: {
    items: [
      {
        kind: 'book',
        pages: '/catalogue/.*',
        selector: 'article',
        key: ['url'],
        history: true,
        fields: {
          url: { selector: 'h3 > a', attribute: 'href', type: 'url', required: true },
          price: { selector: '.price', type: 'number', regex: '([\\d.,]+)', decimal: '.' },
          rating: { selector: 'p', attribute: 'class', map: { One: 1, Two: null } },
          born: { selector: '.born', type: 'date', format: 'LLLL d, yyyy' },
          tags: { selector: '.tag', list: true },
        },
      },
    ],
    follow: [{ selector: 'li.next > a' }],
  },
};

const NASTY = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  '',
  ' ',
  '\0',
  '\ud800',
  'a\u202eb',
  '😀',
  '__proto__',
  'constructor',
  'x'.repeat(600),
  'x'.repeat(70_000),
  // Selectors.
  '*',
  ':not(',
  ':constructor',
  ':__proto__',
  'a:hover',
  ':has(:has(a))',
  '::text',
  ':is('.repeat(100),
  '[a=b',
  'a, , b',
  ':nth-child(2n+1 of p)',
  // Expressions.
  '(a+)+$',
  '(?=a)',
  '\\1',
  '(a{1000}){1000}',
  '(((a{30}){30}){30})',
  '\\pL{500}\\pL{400}',
  '[z-a]',
  '(?P<a>.)(?P<a>.)',
  // Formats and URLs.
  'yyyy H a',
  "'",
  'kkkk W E d',
  'ftp://a/',
  'https://a:b@c/',
  'http://[::1]:99999/',
  'javascript:0',
  [],
  {},
  [[[[]]]],
  { __proto__: null, toString: 1 },
  Array.from({ length: 1001 }, () => 'https://a.example/'),
  Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`f${n}`, {}])),
];

type Path = readonly (string | number)[];

/** Where something can be changed in a value: all of its members, and theirs. */
function pathsOf(value: unknown): Path[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]): Path[] => [
    [key],
    ...pathsOf(inner).map((path) => [key, ...path]),
  ]);
}

const PATHS = pathsOf(DECLARATION);

type Change = (holder: Record<string, unknown>, key: string) => void;

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.constantFrom<Change[]>(
    (holder, key) => delete holder[key],
    (holder) => (holder.more = 1),
  ),
  fc.constantFrom(...NASTY).map(
    (value): Change =>
      (holder, key) =>
        (holder[key] = value),
  ),
  fc.jsonValue().map(
    (value): Change =>
      (holder, key) =>
        (holder[key] = value),
  ),
);

/** Declarations that are right, and others with a fault somewhere, as JSON, which YAML is, too. */
export const declarations: fc.Arbitrary<string> = fc
  .record({
    slug: fc.constantFrom(...DECLARED_SLUGS),
    changes: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      {
        weight: 2,
        arbitrary: fc.array(fc.tuple(fc.constantFrom(...PATHS), change), { minLength: 1, maxLength: 3 }),
      },
    ),
  })
  .map(({ slug, changes }) => {
    const declaration: Record<string, unknown> = { ...structuredClone(DECLARATION), slug };
    for (const [path, apply] of changes) {
      const holder = path
        .slice(0, -1)
        .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], declaration);
      // An earlier change may have taken the place away.
      if (holder !== null && typeof holder === 'object')
        apply(holder as Record<string, unknown>, String(path.at(-1)));
    }
    return JSON.stringify(declaration);
  });

export const schedules: fc.Arbitrary<string> = fc.constantFrom(
  '{"cron":"0 3 * * *"}',
  '{"cron":"0 0 3 * * *","timeZone":"Europe/Berlin","jitterSeconds":5,"overlap":"replace","enabled":false}',
  '{"cron":"0 25 * * *"}',
  '{"cron":null}',
);

export const switches: fc.Arbitrary<string> = fc.constantFrom(
  '{"enabled":true}',
  '{"enabled":false}',
  '{"enabled":null}',
  '{"enabled":true,"slug":"x"}',
);
