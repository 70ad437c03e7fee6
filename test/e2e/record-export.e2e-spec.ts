import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from '../../src/core/http/index.js';
import type { RecordDto } from '../../src/features/records/reading/record.dto.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { generateRecords, RECORDS } from '../support/generated-records.js';
import { bootApp, type TestApp } from '../support/test-app.js';

const COUNT = 200_000;
const MAX_EXPORTS = 3;
const BATCH = 500;
const PATH = `/api/v1/sources/${RECORDS.sources.big}/records/export`;

let environment: TestEnvironment;
let app: TestApp;
/** Records of the big source. */
let records: number;

beforeAll(async () => {
  environment = await createEnvironment({
    THROTTLE_SEARCH: '1000000/1h',
    RECORDS_EXPORTS_AT_ONCE: String(MAX_EXPORTS),
    CACHE_TTL_MS: '0',
  });
  await generateRecords(environment, COUNT);
  app = await bootApp('api', environment.env);
  const [row] = await environment.query<{ count: number }>(
    `SELECT count(*)::int FROM record WHERE source_id = (SELECT id FROM source WHERE slug = $1)`,
    [RECORDS.sources.big],
  );
  records = row?.count ?? 0;
}, 180_000);
afterAll(async () => {
  await app?.close();
  await environment?.dispose();
});

async function fetchText(query: string): Promise<string> {
  const answer = await fetch(app.url + PATH + query);
  expect(answer.status, query).toBe(200);
  return answer.text();
}
const linesOf = (text: string): RecordDto[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordDto);

async function metric(line: string): Promise<number> {
  const metrics = await (await fetch(`${app.url}/metrics`)).text();
  return Number.parseFloat(metrics.slice(metrics.indexOf(`\n${line} `) + line.length + 2));
}
const ended = (outcome: string): Promise<number> =>
  metric(`gleaner_record_exports_total{outcome="${outcome}"}`);
const exported = (): Promise<number> => metric('gleaner_record_exports_records_total');
const queries = (): Promise<number> =>
  metric('gleaner_database_unit_queries_count{kind="batch",unit="records.export"}');

/** An export on a socket of which nothing is read; PATH and query, and further header lines. */
function stalled(query: string, url = app.url): Socket {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
  socket.pause();
  socket.write(`GET ${PATH}${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  socket.on('error', () => undefined); // Cut by the server: what some of the tests are about.
  return socket;
}

/** Waits until an export reads no further, because its client does not take what there is. @returns records read so far. */
async function standstill(): Promise<number> {
  let last = -1;
  let same = 0;
  return eventually('the export to stand still', async () => {
    const now = await exported();
    same = now === last ? same + 1 : 0;
    last = now;
    return same >= 8 ? now : undefined;
  });
}

describe('an export', () => {
  it('has every record once, oldest first, as the list has it', async () => {
    const all = linesOf(await fetchText(''));
    expect(all).toHaveLength(records);
    expect(all.every(({ id }, index) => index === 0 || id > (all[index - 1]?.id ?? 0))).toBe(true);
    const page = (await (
      await fetch(`${app.url}/api/v1/sources/${RECORDS.sources.big}/records?limit=100`)
    ).json()) as Page<RecordDto>;
    expect(all.slice(-100).toReversed()).toEqual(page.items);
  });

  it.each([
    ['', COUNT / 10],
    [`kind=${RECORDS.kinds.some}`, 5000],
    [`since=${RECORDS.times.middle}`, 5000],
    ['where=signed+exists', 9],
    ['format=csv', 5000],
    [`format=csv&kind=${RECORDS.kinds.frequent}&where=price+<+3`, 500],
  ])('resumed behind any whole record gives the same bytes: %s', async (query, least) => {
    const whole = Buffer.from(await fetchText(`?${query}`));
    const csv = query.startsWith('format=csv');
    const lines = whole
      .toString()
      .split(csv ? '\r\n' : '\n')
      .slice(0, -1);
    expect(lines.length).toBeGreaterThan(least);
    for (const at of [Math.ceil(lines.length * 0.9), lines.length]) {
      const have = lines.slice(0, at).map((line) => line + (csv ? '\r\n' : '\n'));
      const last = have.at(-1) ?? '';
      const id = csv ? last.split(',')[0] : (JSON.parse(last) as RecordDto).id;
      const resumed = query.includes('since')
        ? `since=${(JSON.parse(last) as RecordDto).lastChanged}&after=${id}`
        : `${query}&after=${id}`;
      const rest = await fetchText(`?${resumed}`);
      const digest = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
      expect(digest(have.join('') + rest), `after ${id}`).toBe(digest(whole));
    }
  });

  it('as JSON is one well-formed array, also of one record and of none', async () => {
    for (const [query, count] of [
      [`kind=${RECORDS.kinds.some}`, COUNT / 10],
      ['where=title+=+"Book+\\"9\\",+=of+the+river"', 1],
      ['where=price+<+0', 0],
    ] as const) {
      const array = JSON.parse(await fetchText(`?format=json&${query}`)) as RecordDto[];
      expect(array, query).toHaveLength(count);
      const lines = linesOf(await fetchText(`?${query}`));
      expect(array).toEqual(lines);
    }
  });

  it('as CSV has a column for each declared field, and no formulas', async () => {
    await environment.query(
      `INSERT INTO record (source_id, kind, key_hash, key, data, url, last_run_id, changed_run_id)
       SELECT id, 'book', '\\x00', '["k"]', $1, 'http://x/', gen_random_uuid(), gen_random_uuid() FROM source WHERE slug = $2`,
      [{ title: '=cmd()', price: -1.5, tags: ['a', 'b'], undeclared: 1 }, RECORDS.sources.none],
    );
    const answer = await fetch(
      `${app.url}/api/v1/sources/${RECORDS.sources.none}/records/export?format=csv&kind=book`,
    );
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="empty-records.csv"');
    const [header, row, end] = (await answer.text()).split('\r\n');
    expect(header).toBe(
      '_id,_kind,_key,_url,_firstSeen,_lastSeen,_lastChanged,_seenCount,_changeCount,url,title,price,stock,tags,signed',
    );
    expect(row).toMatch(/^\d+,book,"\[""k""\]",http:\/\/x\/,.*,1,0,,'=cmd\(\),-1.5,,"\[""a"",""b""\]",$/);
    expect(end).toBe('');
  });

  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ])('is compressed by %s for who asks for it', async (encoding, unpack) => {
    const query = `?kind=${RECORDS.kinds.some}`;
    const { headers, body } = await request(app.url + PATH + query, {
      headers: { 'accept-encoding': encoding },
    });
    expect(headers).toMatchObject({ 'content-encoding': encoding, vary: 'Accept-Encoding' });
    const packed = Buffer.from(await body.arrayBuffer());
    const plain = await request(app.url + PATH + query);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const text = await plain.body.text();
    expect(unpack(packed).toString()).toBe(text);
    expect(packed.length).toBeLessThan(text.length / 3);
  });

  it('asked for by HEAD reads no further than the first batch', async () => {
    const before = await queries();
    const answer = await fetch(app.url + PATH, { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    expect((await queries()) - before).toBe(1);
    expect(await (await fetch(`${app.url}${PATH}?kind=none`)).text()).toBe('');
  });

  it('is many cheap units of work: one statement for the request, one for each batch', async () => {
    const before = await queries();
    await fetchText('');
    expect((await queries()) - before).toBe(Math.ceil(records / BATCH));
    const unit =
      'gleaner_database_unit_queries_sum{kind="request",unit="GET /api/v1/sources/:slug/records/export"}';
    const sum = await metric(unit);
    await fetchText(`?kind=${RECORDS.kinds.some}`);
    await expect.poll(() => metric(unit)).toBe(sum + 1);
    expect(await metric('gleaner_database_units_over_budget_total{kind="request"}')).toBe(0);
  });
});

describe('a client that does not read', () => {
  it('makes the export wait, and the process hold little; going on, it gets everything', async () => {
    const before = await exported();
    const socket = stalled('');
    const read = (await standstill()) - before;
    // What the sockets of both sides hold, and two batches.
    expect(read).toBeLessThan(records / 4);
    const text = await readAll(socket);
    expect(text.split('\n').filter((line) => line.startsWith('{"id"'))).toHaveLength(records);
    expect(text.endsWith('\r\n0\r\n\r\n')).toBe(true);
  });

  it('and then leaves ends the export: nobody reads on', async () => {
    const interrupted = await ended('interrupted');
    const socket = stalled('');
    await standstill();
    socket.destroy();
    await expect.poll(() => ended('interrupted')).toBe(interrupted + 1);
    const read = await exported();
    await fetchText('?kind=none');
    expect(await exported()).toBe(read);
  });

  it('takes one of the places, of which a process has a few', async () => {
    const sockets = Array.from({ length: MAX_EXPORTS }, () => stalled(''));
    await standstill();
    const refused = await fetch(`${app.url}${PATH}?kind=none`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(await refused.json()).toMatchObject({ code: 'records.too_many_exports' });
    for (const socket of sockets) socket.destroy();
    await eventually('a place to be free', async () =>
      (await fetch(`${app.url}${PATH}?kind=none`)).ok ? true : undefined,
    );
  });
});

describe('an error', () => {
  it('before the first record is a problem document', async () => {
    for (const [query, field] of [
      ['?format=xml', 'format'],
      ['?after=-1', 'after'],
      ['?where=prise+<+3', 'where'],
      ['?since=yesterday', 'since'],
      ['?limit=5', 'limit'],
    ] as const) {
      const answer = await fetch(app.url + PATH + query);
      expect(answer.status, query).toBe(400);
      expect(await answer.json()).toMatchObject({ errors: [{ field }] });
    }
  });

  it.each(['ndjson', 'json', 'csv'])(
    'on the way cuts the connection, so that what is missing is missed: %s',
    async (format) => {
      const failed = await ended('failed');
      const socket = stalled(`?format=${format}`);
      await standstill();
      await environment.query('ALTER TABLE record RENAME TO record_elsewhere');
      try {
        const text = await readAll(socket);
        expect(text).toContain('HTTP/1.1 200 OK');
        // No last chunk: every client sees that the message is not whole.
        expect(text.endsWith('0\r\n\r\n')).toBe(false);
        await expect.poll(() => ended('failed')).toBe(failed + 1);
      } finally {
        await environment.query('ALTER TABLE record_elsewhere RENAME TO record');
      }
      await expect.poll(async () => (await fetch(`${app.url}${PATH}?kind=none`)).status).toBe(200);
    },
  );

  it('is noticed by a client that gets it compressed, too', async () => {
    const { body } = await request(app.url + PATH, { headers: { 'accept-encoding': 'gzip' } });
    await standstill();
    await environment.query('ALTER TABLE record RENAME TO record_elsewhere');
    try {
      await expect(body.arrayBuffer()).rejects.toThrow();
    } finally {
      await environment.query('ALTER TABLE record_elsewhere RENAME TO record');
    }
  });
});

describe('a process that shuts down', () => {
  it('does not wait for the slowest client; what it has cut can be resumed', async () => {
    const env = { ...environment.env, REDIS_PREFIX: `${environment.env.REDIS_PREFIX}-b` };
    await app.close();
    const other = await bootApp('api', env);
    const socket = stalled('', other.url);
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    socket.once('readable', resolve);
    await begun;
    await other.close();
    const text = await readAll(socket);
    expect(text.endsWith('0\r\n\r\n')).toBe(false);
    app = await bootApp('api', environment.env);
    const have = text
      .slice(text.indexOf('{"id"'), text.lastIndexOf('\n'))
      .split('\n')
      .filter((line) => line.startsWith('{"id"') && line.trimEnd().endsWith('}'))
      .map((line) => JSON.parse(line) as RecordDto);
    const rest = linesOf(await fetchText(`?after=${have.at(-1)?.id}`));
    expect(have.length + rest.length).toBe(records);
  });
});
