import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Page } from '../../src/core/http/index.js';
import type { RecordChangeDto, RecordDto } from '../../src/features/records/reading/record.dto.js';
import type { JsonValue } from '../../src/features/records/index.js';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let environment: TestEnvironment;
let app: TestApp;
let api: Api;

beforeAll(async () => {
  environment = await createEnvironment({ CACHE_TTL_MS: '0', THROTTLE_SEARCH: '1000000/1h' });
  app = await bootApp('api', environment.env);
  api = new Api(app.url);
});
beforeEach(async () => {
  await environment.query('TRUNCATE record, record_change, source RESTART IDENTITY CASCADE');
  await environment.query(
    `INSERT INTO source (slug, name, spider, start_urls, extraction)
     VALUES ('free', 'F', 'declared', '{http://x/}', NULL), ('shop', 'S', 'declared', '{http://x/}', $1)`,
    [
      {
        items: [
          { kind: 'book', fields: { title: {}, price: {} } },
          { kind: 'author', fields: { name: {} } },
        ],
      },
    ],
  );
});
afterAll(async () => {
  await app?.close();
  await environment?.dispose();
});

/** Records of a source, in the order of their ids, one second after another. */
async function insert(
  records: readonly Record<string, JsonValue>[],
  kind = 'item',
  source = 1,
): Promise<void> {
  await environment.query(
    `INSERT INTO record (source_id, kind, key_hash, key, data, url, last_run_id, changed_run_id, last_changed)
     SELECT $1, $2, sha256(convert_to($2 || n, 'UTF8')), jsonb_build_array(n)::text, data, 'http://x/' || n, $4, $4,
       timestamptz '2026-01-01Z' + n * interval '1 second'
     FROM unnest($3::jsonb[]) WITH ORDINALITY AS given (data, n) ORDER BY n`,
    [source, kind, records.map((data) => JSON.stringify(data)), randomUUID()],
  );
}

const ask = (query: Record<string, string | string[]>, source = 'free'): string => {
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries(query))
    for (const value of [values].flat()) parameters.append(name, value);
  return `/api/v1/sources/${source}/records?${parameters.toString()}`;
};
const list = (query: Record<string, string | string[]>, source?: string): Promise<Page<RecordDto>> =>
  api.get(ask(query, source));
const ids = async (...where: string[]): Promise<number[]> =>
  (await list({ where, limit: '100' })).items.map(({ id }) => id).sort((a, b) => a - b);
const refusal = async (path: string): Promise<{ status: number; errors: unknown }> => {
  const answer = await fetch(app.url + path);
  const { errors } = (await answer.json()) as { errors?: unknown };
  return { status: answer.status, errors };
};

describe('a list of records', () => {
  it('has the newest first, with all that is known of each, page by page', async () => {
    await insert(Array.from({ length: 45 }, (_, n) => ({ n })));
    await insert([{ other: 1 }], 'item', 2);
    const all = await api.all<RecordDto>('/api/v1/sources/free/records', 7);
    expect(all.map(({ id }) => id)).toEqual(Array.from({ length: 45 }, (_, n) => 45 - n));
    expect(all[0]).toEqual({
      id: 45,
      kind: 'item',
      key: [45],
      data: { n: 44 },
      url: 'http://x/45',
      firstSeen: expect.stringMatching(/Z$/) as string,
      lastSeen: expect.stringMatching(/Z$/) as string,
      lastChanged: '2026-01-01T00:00:45.000Z',
      seenCount: 1,
      changeCount: 0,
    });
    expect(await api.get('/api/v1/sources/free/records/45')).toEqual(all[0]);
  });

  it('of a kind has no others', async () => {
    await insert([{ a: 1 }, { a: 2 }], 'book');
    await insert([{ a: 3 }, { a: 4 }], 'author');
    expect((await list({ kind: 'book' })).items.map(({ id }) => id)).toEqual([2, 1]);
    expect((await list({ kind: 'author', limit: '1' })).items.map(({ id }) => id)).toEqual([4]);
    expect(await list({ kind: 'poster' })).toEqual({ items: [], nextCursor: null });
  });

  it('with since has the changes in their order, from that moment on, also of one moment', async () => {
    await insert(Array.from({ length: 30 }, (_, n) => ({ n })));
    await environment.query(
      `UPDATE record SET last_changed = timestamptz '2026-02-01Z' + (60 - id) / 10 * interval '1 second'`,
    );
    const changes = await api.all<RecordDto>(
      '/api/v1/sources/free/records?since=2026-02-01T00:00:04.000Z',
      4,
    );
    expect(changes.map(({ id }) => id)).toEqual([
      11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    expect(await list({ since: '2026-02-01T00:00:05.001Z' })).toEqual({ items: [], nextCursor: null });
  });

  it('refuses a cursor of the other order, and does not go back behind since', async () => {
    await insert([{ a: 1 }, { a: 2 }, { a: 3 }]);
    const plain = (await list({ limit: '1' })).nextCursor ?? '';
    const since = (await list({ limit: '1', since: '2026-01-01T00:00:00.000Z' })).nextCursor ?? '';
    const message = 'expected the nextCursor of an earlier answer of this list, got that of another';
    const refused = { status: 400, errors: [{ field: 'cursor', message }] };
    expect(await refusal(ask({ cursor: since }))).toEqual(refused);
    expect(await refusal(ask({ cursor: plain, since: '2026-01-01T00:00:00.000Z' }))).toEqual(refused);
    expect(
      (await list({ cursor: since, since: '2026-01-01T00:00:03.000Z' })).items.map(({ id }) => id),
    ).toEqual([3]);
  });

  it('is shorter when records are large, and loses none of them', async () => {
    const text = Array.from({ length: 40_000 }, (_, n) => n * 7919).join();
    await insert(Array.from({ length: 30 }, (_, n) => ({ n, text: `${n}${text}` })));
    const first = await list({ limit: '100' });
    expect(first.items.length).toBeGreaterThan(1);
    expect(first.items.length).toBeLessThan(30);
    const all = await api.all<RecordDto>('/api/v1/sources/free/records', 100);
    expect(all.map(({ id }) => id)).toEqual(Array.from({ length: 30 }, (_, n) => 30 - n));
    const even = await api.all<RecordDto>(ask({ where: 'n < 15' }), 100);
    expect(even.map(({ id }) => id)).toEqual(Array.from({ length: 15 }, (_, n) => 15 - n));
  });
});

describe('conditions', () => {
  const data: Record<string, JsonValue>[] = [
    { a: 5, b: 'apple' }, // 1
    { a: 10, b: 'Apple pie' }, // 2
    { a: '10', b: 'äpfel' }, // 3
    { a: '9', tags: ['red', 'green'] }, // 4
    { a: true, tags: [1, 20, 'x'] }, // 5
    { a: 'true', when: '2026-03-01' }, // 6
    { a: -0.5, when: '2025-12-31' }, // 7
    { b: 'a "quoted" \\ % _ text' }, // 8
    {}, // 9
  ];

  it.each<[string, number[]]>([
    // As what the record has: numbers as numbers, text as text.
    ['a = 10', [2, 3]],
    ['a = "10"', [3]],
    ['a = 10.0', [2]],
    ['a < 9.5', [1, 3, 4, 7]],
    ['a > 9', [2, 6]],
    ['a >= "9"', [4, 6]],
    ['a <= -0.5', [7]],
    ['a = true', [5, 6]],
    ['a = "true"', [6]],
    ['a > true', []],
    // Not equal to: has the field, with something else.
    ['a != 10', [1, 4, 5, 6, 7]],
    ['tags != red', [5]],
    // Of a list, any member.
    ['tags = green', [4]],
    ['tags = 20', [5]],
    ['tags > 10', [4, 5]],
    ['tags > "s"', [5]],
    ['tags ~ ree', [4]],
    ['tags ~ x', [5]],
    // Only text contains something.
    ['tags ~ 2', []],
    // Dates are text, and text is compared code point by code point.
    ['when >= 2026-01-01', [6]],
    ['when < 2026', [7]],
    ['b > Z', [1, 3, 8]],
    ['b > z', [3]],
    ['b ~ pp', [1, 2]],
    ['b ~ "%"', [8]],
    ['b ~ "\\"quoted\\" \\\\"', [8]],
    ['b exists', [1, 2, 3, 8]],
    ['b missing', [4, 5, 6, 7, 9]],
    ['nothing missing', [1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ])('%s', async (where, expected) => {
    await insert(data);
    expect(await ids(where)).toEqual(expected);
  });

  it('hold together', async () => {
    await insert(data);
    expect(await ids('a exists', 'b exists', 'a > 5')).toEqual([2]);
    expect(await ids('a = 5', 'a = 10')).toEqual([]);
  });

  it('that cannot be read, or are too many, are refused with field, place, expected and got', async () => {
    expect(await refusal(ask({ where: 'price ?? 3' }))).toEqual({
      status: 400,
      errors: [
        {
          field: 'where.0',
          message:
            'expected one of = != < <= > >= ~ exists missing at character 7, where "?? 3" is, got "price ?? 3"',
        },
      ],
    });
    expect(await refusal(ask({ where: ['a = 1', 'b'] }))).toMatchObject({ errors: [{ field: 'where.1' }] });
    expect(await refusal(ask({ where: Array.from({ length: 11 }, () => 'a = 1') }))).toMatchObject({
      errors: [
        { field: 'where', message: expect.stringContaining('expected at most 10 conditions') as string },
      ],
    });
    expect(await refusal(ask({ where: `a = ${'x'.repeat(500)}` }))).toMatchObject({ status: 400 });
  });

  it('on fields that the source does not declare are refused; where nobody knows they only find nothing', async () => {
    expect(await refusal(ask({ where: 'prise < 3' }, 'shop'))).toEqual({
      status: 400,
      errors: [
        {
          field: 'where',
          message: 'expected a field that the source declares (title, price, name), got "prise"',
        },
      ],
    });
    expect(await list({ where: 'name = x' }, 'shop')).toEqual({ items: [], nextCursor: null });
    expect(await refusal(ask({ where: 'name = x', kind: 'book' }, 'shop'))).toMatchObject({ status: 400 });
    expect(await list({ where: 'prise < 3' })).toEqual({ items: [], nextCursor: null });
  });

  const value = fc.oneof(
    fc.constantFrom<string | number | boolean>(
      0,
      1,
      -1,
      10,
      9.5,
      true,
      false,
      'true',
      '10',
      '9',
      '',
      'a',
      'B',
      'ä',
      '👩‍🚀',
      "'",
      '"',
      '\\',
    ),
    fc.string({ unit: 'grapheme', maxLength: 5 }).map((text) => text.replaceAll('\0', '')),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
  );
  const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', '~'] as const;

  it('find what a plain reading of them finds, whatever the names and values, and nothing they say is run', async () => {
    const name = fc.constantFrom('a', 'b', 'größe', 'a.b', 'DROP');
    const row = fc.dictionary(name, fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 })), {
      maxKeys: 3,
    });
    const wanted = fc.tuple(name, fc.constantFrom(...OPERATORS), value, fc.boolean());
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 8 }),
        wanted,
        async (rows, [field, operator, asked, quote]) => {
          // Control characters cannot be asked for.
          const text = `${asked}`.replaceAll(/\p{Cc}/gu, '');
          const bare = !quote && text !== '' && text.trim() === text && !/^["=!<>~]/.test(text);
          const where = `${field} ${operator} ${bare ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`}`;
          await environment.query('TRUNCATE record RESTART IDENTITY CASCADE');
          await insert(rows);
          const expected = rows.flatMap((one, index) =>
            holds(one[field], operator, text, bare) ? [index + 1] : [],
          );
          expect(await ids(where), where).toEqual(expected);
        },
      ),
      { numRuns: 100, seed: 20_251_124 },
    );
  });

  /** What the documentation says of a condition, said once more. */
  function holds(
    has: JsonValue | undefined,
    operator: (typeof OPERATORS)[number],
    text: string,
    bare: boolean,
  ): boolean {
    if (has === undefined) return false;
    const members = Array.isArray(has) ? has : [has];
    if (operator === '~')
      return members.some((member) => typeof member === 'string' && member.includes(text));
    if (operator === '!=') return !holds(has, '=', text, bare);
    const points = (of: string): number[] => Array.from(of, (character) => character.codePointAt(0) ?? 0);
    return members.some((member) => {
      if (typeof member === 'boolean') return operator === '=' && bare && text === String(member);
      const numeric = bare && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text);
      if (typeof member === 'number') return numeric && ordered(Math.sign(member - Number(text)), operator);
      const [left, right] = [points(member as string), points(text)];
      const at = left.findIndex((point, index) => point !== right[index]);
      const order =
        at === -1 ? left.length - right.length : right[at] === undefined ? 1 : (left[at] ?? 0) - right[at];
      return ordered(Math.sign(order), operator);
    });
  }
  const ordered = (sign: number, operator: string): boolean =>
    ({ '=': sign === 0, '<': sign < 0, '<=': sign <= 0, '>': sign > 0, '>=': sign >= 0 })[operator] ?? false;
});

describe('what is not there', () => {
  it('is 404: a source, a record, a record of another source', async () => {
    await insert([{ a: 1 }]);
    for (const path of [
      'nobody/records',
      'nobody/records/export',
      'free/records/2',
      'shop/records/1',
      'shop/records/1/changes',
    ])
      expect(await refusal(`/api/v1/sources/${path}`), path).toMatchObject({ status: 404 });
    expect(await list({}, 'shop')).toEqual({ items: [], nextCursor: null });
  });
});

describe('the changes of a record', () => {
  it('come newest first, page by page', async () => {
    await insert([{ a: 1 }, { a: 2 }]);
    await environment.query(
      `INSERT INTO record_change (record_id, run_id, before, after)
       SELECT 1 + n % 2, gen_random_uuid(), jsonb_build_object('a', n), jsonb_build_object('a', n + 1) FROM generate_series(1, 30) n`,
    );
    const changes = await api.all<RecordChangeDto>('/api/v1/sources/free/records/1/changes', 4);
    expect(changes.map(({ before }) => before)).toEqual(
      Array.from({ length: 15 }, (_, n) => ({ a: 30 - 2 * n })),
    );
    expect(changes[0]).toEqual({
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      changedAt: expect.stringMatching(/Z$/) as string,
      before: { a: 30 },
      after: { a: 31 },
    });
  });

  it('are none where no history is kept', async () => {
    await insert([{ a: 1 }]);
    expect(await api.get('/api/v1/sources/free/records/1/changes')).toEqual({ items: [], nextCursor: null });
  });
});
