import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BulkOperation } from '../../src/operations/control/bulk/bulk-operation.js';
import type {
  DeadLetterDetailDto,
  DeadLetterDto,
  DeadLetterGroupDto,
} from '../../src/operations/control/dead-letters/dead-letter.dto.js';
import { BullKeys } from '../support/bull-keys.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { asking, Ops } from '../support/ops.js';
import { bootApp, type TestApp } from '../support/test-app.js';

const BEAT = { slot: '2026-01-01T00:00:00.000Z', sentAt: '2026-01-01T00:00:00.000Z', schedulerId: 's' };
const REPLAYED = { replayed_at: '2026-02-01T00:00:00Z', replay_id: 'x' };

let environment: TestEnvironment;
let app: TestApp;
let viewer: Ops;
let operator: Ops;
let admin: Ops;
let bull: BullKeys;

interface Page {
  items: DeadLetterDto[];
  nextCursor: string | null;
}
interface Purged {
  purged: number;
  remaining: number;
  token: string | null;
}
interface Problem {
  code: string;
  errors: { field: string; message: string }[];
}

beforeAll(async () => {
  environment = await createEnvironment({ OPS_BULK_MAX_TASKS: '300' });
  bull = new BullKeys(environment.env);
  await boot();
});

/** Without a worker: what is enqueued stays where it is. */
async function boot(): Promise<void> {
  app = await bootApp('api', environment.env);
  viewer = new Ops(app.url, 'viewer');
  operator = new Ops(app.url, 'operator');
  admin = new Ops(app.url, 'admin');
}

beforeEach(async () => {
  await environment.query('TRUNCATE dead_letter');
});

afterAll(async () => {
  await bull?.[Symbol.asyncDispose]();
  await app?.close();
  await environment?.dispose();
});

/** Columns of `dead_letter`, and the payload that its envelope has. */
interface Row {
  task_id: string;
  name?: string;
  queue?: string;
  payload?: unknown;
  args?: unknown;
  error_class?: string;
  error_message?: string;
  fingerprint?: string;
  failed_at?: string;
  replayed_at?: string;
  replay_id?: string;
}

/** Puts letters into the database, as if they had been swept there; the first has failed first. */
async function insertLetters(rows: readonly Row[]): Promise<void> {
  const full = rows.map(({ payload = {}, ...row }, n) => ({
    name: 'lost.task',
    queue: 'low',
    envelope: { version: 1, payload, enqueuedAt: 1, headers: { correlationId: 'c' } },
    args: {},
    attempts: 3,
    options: { maxAttempts: 3, backoff: { baseMs: 10, maxMs: 20 } },
    error_class: 'FetchError',
    error_message: 'timed out',
    trace: 'at fetch',
    fingerprint: 'f1',
    failed_at: new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString(),
    ...row,
  }));
  await environment.query(
    'INSERT INTO dead_letter SELECT * FROM jsonb_populate_recordset(NULL::dead_letter, $1)',
    [JSON.stringify(full)],
  );
}

const many = (count: number, prefix: string, row: Omit<Row, 'task_id'> = {}): Row[] =>
  Array.from({ length: count }, (_, n) => ({ task_id: `${prefix}-${n}`, ...row }));

const idsOf = async (parameters: Record<string, string> = {}): Promise<string[]> => {
  const { status, body } = await viewer.get<Page>(asking('/dead-letters', parameters));
  expect(status, JSON.stringify(body)).toBe(200);
  return body.items.map(({ id }) => id);
};

const waiting = async (prefix: string): Promise<string[]> =>
  (await bull.list('low', 'wait')).filter((id) => id.startsWith(`${prefix}-`));

async function ended(id: string): Promise<BulkOperation> {
  return eventually('the end of the operation', async () => {
    const { body } = await operator.get<BulkOperation>(`/bulk/${id}`);
    return body.state === 'running' ? undefined : body;
  });
}

const audited = async (action: string) => {
  const rows = await environment.query<{ outcome: string; key_id: string; detail: string }>(
    `SELECT outcome, key_id, detail FROM audit_entry WHERE action = $1 AND outcome = 'done' ORDER BY id DESC LIMIT 1`,
    [action],
  );
  return rows[0];
};

describe('dead letters', () => {
  beforeEach(async () => {
    await insertLetters([
      { task_id: 'a', payload: { password: 'hush' }, args: { password: '[redacted]' } },
      { task_id: 'b', name: 'other.task', queue: 'high' },
      { task_id: 'c', error_class: 'TypeError', fingerprint: 'f2', error_message: 'x is undefined' },
      { task_id: 'd', ...REPLAYED },
    ]);
  });

  it('are listed, the latest first, with all but the payload', async () => {
    const { body } = await viewer.get<Page>('/dead-letters');
    expect(body.items.map(({ id }) => id)).toEqual(['d', 'c', 'b', 'a']);
    expect(body.items[3]).toEqual({
      id: 'a',
      name: 'lost.task',
      queue: 'low',
      args: { password: '[redacted]' },
      attempts: 3,
      errorClass: 'FetchError',
      errorCode: null,
      errorMessage: 'timed out',
      group: 'f1',
      failedAt: '2026-01-01T00:00:00.000Z',
      replayedAt: null,
      replayId: null,
    });
    expect(JSON.stringify(body)).not.toContain('hush');
  });

  it.each<[Record<string, string>, string[]]>([
    [{ name: 'other.task' }, ['b']],
    [{ queue: 'high' }, ['b']],
    [{ error: 'TypeError' }, ['c']],
    [{ group: 'f1' }, ['d', 'b', 'a']],
    [{ group: 'f1', name: 'lost.task' }, ['d', 'a']],
    [{ replayed: 'true' }, ['d']],
    [{ replayed: 'false', group: 'f1' }, ['b', 'a']],
    [{ after: '2026-01-01T00:00:01Z', before: '2026-01-01T00:00:03.000Z' }, ['c', 'b']],
    [{ name: 'nothing' }, []],
  ])('are found by %o', async (parameters, expected) => {
    expect(await idsOf(parameters)).toEqual(expected);
  });

  it('come in pages, each once', async () => {
    await insertLetters(many(20, 'page', { failed_at: '2026-01-05T00:00:00Z' }));
    const seen: string[] = [];
    let cursor: string | null = '';
    do {
      const parameters: Record<string, string> = { limit: '7', ...(cursor && { cursor }) };
      const page: Page = (await viewer.get<Page>(asking('/dead-letters', parameters))).body;
      expect(page.items.length).toBeLessThanOrEqual(7);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toHaveLength(24);
    expect(new Set(seen).size).toBe(24);
  });

  it('are grouped by their errors', async () => {
    const { body } = await viewer.get<{ items: DeadLetterGroupDto[] }>('/dead-letters/groups');
    expect(body.items).toEqual([
      {
        group: 'f1',
        count: 3,
        names: ['lost.task', 'other.task'],
        errorClass: 'FetchError',
        errorMessage: 'timed out',
        exampleId: 'd',
        firstFailedAt: '2026-01-01T00:00:00.000Z',
        lastFailedAt: '2026-01-01T00:00:03.000Z',
      },
      expect.objectContaining({ group: 'f2', count: 1, exampleId: 'c', errorMessage: 'x is undefined' }),
    ]);
    const some = asking('/dead-letters/groups', { name: 'other.task', replayed: 'false' });
    expect((await viewer.get<{ items: object[] }>(some)).body.items).toMatchObject([
      { group: 'f1', count: 1 },
    ]);
  });

  it('are shown one by one, with the trace and nothing secret', async () => {
    const { body } = await viewer.get<DeadLetterDetailDto>('/dead-letters/a');
    expect(body).toMatchObject({
      id: 'a',
      attempts: 3,
      trace: 'at fetch',
      args: { password: '[redacted]' },
    });
    expect(JSON.stringify(body)).not.toContain('hush');
    expect(await viewer.get('/dead-letters/nothing')).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });

  it.each([
    ['queue=lowest', 'queue', 'high, default, low, got "lowest"'],
    ['replayed=maybe', 'replayed', 'expected true or false, got "maybe"'],
    ['after=yesterday', 'after', 'expected a time'],
    ['before=0000-01-01T00:00:00Z', 'before', 'expected a time'],
    ['cursor=x', 'cursor', 'nextCursor'],
    ['limit=0', 'limit', '1 to 100'],
    ['name=', 'name', '1 to 200 characters'],
    ['colour=red', 'colour', 'not known here'],
  ])('?%s is refused', async (query, field, message) => {
    const { status, body } = await viewer.get<Problem>(`/dead-letters?${query}`);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ field, message: expect.stringContaining(message) as string }]);
  });
});

describe('replaying one', () => {
  it('puts its task on the queue again with all that was sent, once', async () => {
    await insertLetters([{ task_id: 'one', payload: { password: 'hush' } }]);
    const { status, headers, body } = await operator.post('/dead-letters/one/replay');
    expect({ status, body }).toEqual({ status: 202, body: { id: 'one-r1', created: true, replayOf: 'one' } });
    expect(headers.get('location')).toBe('/api/v1/ops/tasks/one-r1');
    expect(await bull.envelope('low', 'one-r1')).toMatchObject({
      payload: { password: 'hush' },
      headers: { retryOf: 'one', correlationId: 'c' },
    });
    expect(await audited('POST /api/v1/ops/dead-letters/one/replay')).toEqual({
      outcome: 'done',
      key_id: 'testoperat00',
      detail: 'status 202: 1 task enqueued: one-r1',
    });
    for (const answer of await Promise.all(
      [1, 2, 3].map(async () => operator.post('/dead-letters/one/replay')),
    ))
      expect(answer).toMatchObject({
        status: 202,
        body: { id: 'one-r1', created: false, replayOf: 'one' },
      });
    expect(await waiting('one')).toEqual(['one-r1']);
    expect(await viewer.get('/dead-letters/one')).toMatchObject({ body: { replayId: 'one-r1' } });
  });

  it('at the same moment gives one task', async () => {
    await insertLetters([{ task_id: 'same' }]);
    const answers = await Promise.all(
      [1, 2, 3, 4].map(async () => operator.post<{ created: boolean }>('/dead-letters/same/replay')),
    );
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(answers.filter(({ body }) => body.created)).toHaveLength(1);
  });

  it('that this release refuses, or that there is not, says why', async () => {
    await insertLetters([
      { task_id: 'odd', name: 'beat.heartbeat', queue: 'high', payload: { ...BEAT, slot: 7 } },
    ]);
    expect(await operator.post('/dead-letters/odd/replay')).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', errors: [{ field: 'slot' }] },
    });
    expect(await viewer.get('/dead-letters/odd')).toMatchObject({ body: { replayedAt: null } });
    expect((await operator.post('/dead-letters/nothing/replay')).status).toBe(404);
    expect((await operator.post('/dead-letters/odd/replay', { force: true })).status).toBe(400);
  });
});

describe('replaying many', () => {
  const replay = async (body: object) => operator.post<BulkOperation>('/dead-letters/replay', body);

  it('tells how many it would be, and does nothing', async () => {
    await insertLetters([...many(5, 'dry'), { task_id: 'done', ...REPLAYED }]);
    const { status, body } = await replay({ group: 'f1', dryRun: true });
    expect({ status, body }).toEqual({ status: 200, body: { dryRun: true, count: 5, atLeast: false } });
    expect(await idsOf({ replayed: 'true' })).toEqual(['done']);
    expect((await audited('POST /api/v1/ops/dead-letters/replay'))?.detail).toBe(
      'status 200: dry run, 5 to act on',
    );
  });

  it('of a group goes on in the background, tells how far it is, and leaves an audit entry', async () => {
    await insertLetters([...many(120, 'group'), { task_id: 'other', fingerprint: 'f2' }]);
    const { status, headers, body } = await replay({ group: 'f1', ratePerSecond: 1000 });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/api/v1/ops/bulk/${body.id}`);
    expect(body).toMatchObject({
      action: 'replay',
      state: 'running',
      total: 120,
      query: 'group:f1',
      done: 0,
    });
    expect(await ended(body.id)).toMatchObject({ state: 'done', done: 120, skipped: 0, failed: 0 });
    const tasks = await waiting('group');
    expect(tasks.sort()).toEqual(Array.from({ length: 120 }, (_, n) => `group-${n}-r1`).sort());
    expect(await idsOf({ replayed: 'false' })).toEqual(['other']);
    const entry = await eventually('the audit entry', async () => audited('ops.bulk.replay'));
    expect(entry).toMatchObject({ outcome: 'done', key_id: 'testoperat00' });
    expect(entry.detail).toBe(`done: 120 done, 0 skipped, 0 failed (${body.id}, group:f1)`);
  });

  it('twice, also at the same moment, makes no task twice', async () => {
    await insertLetters(many(60, 'twice'));
    const choice = { name: 'lost.task', ratePerSecond: 1000 };
    const begun = await Promise.all([replay(choice), replay(choice)]);
    const ends = await Promise.all(begun.map(async ({ body }) => ended(body.id)));
    expect(ends.map(({ state }) => state)).toEqual(['done', 'done']);
    expect(ends.reduce((sum, { done }) => sum + done, 0)).toBe(60);
    const { body } = await replay(choice);
    expect(body.total).toBe(0);
    expect(await ended(body.id)).toMatchObject({ state: 'done', done: 0 });
    expect(await waiting('twice')).toHaveLength(60);
  });

  it('by ids repeats those, and says which could not be', async () => {
    await insertLetters([
      ...many(3, 'ids'),
      { task_id: 'odd', name: 'beat.heartbeat', queue: 'high', payload: { ...BEAT, slot: 7 } },
    ]);
    const { body } = await replay({ ids: ['ids-0', 'ids-2', 'odd', 'nothing'] });
    expect(body).toMatchObject({ total: 3, query: null });
    const end = await ended(body.id);
    expect(end).toMatchObject({ state: 'done', done: 2, failed: 1 });
    expect(end.failures).toEqual([{ id: 'odd', error: expect.stringContaining('slot') as string }]);
    expect(await idsOf({ replayed: 'false' })).toEqual(['odd', 'ids-1']);
  });

  it('keeps to its rate, over its batches, and tells how far it is meanwhile', async () => {
    await insertLetters(many(9, 'slow'));
    const since = performance.now();
    const { body } = await replay({ all: true, ratePerSecond: 4 });
    const seen = new Set<number>();
    const end = await eventually('the end', async () => {
      const { body: now } = await operator.get<BulkOperation>(`/bulk/${body.id}`);
      seen.add(now.done);
      return now.state === 'running' ? undefined : now;
    });
    // Eight waits of 250 ms lie between nine letters.
    expect(performance.now() - since).toBeGreaterThan(1950);
    expect(end).toMatchObject({ done: 9, query: 'all' });
    expect(seen).toContain(4);
  });

  it('repeats no more than one operation may, and says so', async () => {
    await insertLetters(many(310, 'most'));
    const { body } = await replay({ all: true, ratePerSecond: 1000 });
    expect(await ended(body.id)).toMatchObject({ state: 'done', total: 310, done: 300, limited: true });
    expect(await idsOf({ replayed: 'false', limit: '100' })).toHaveLength(10);
  });

  it('that is under way when its process shuts down has done what it says', async () => {
    await insertLetters(many(200, 'last'));
    const { body } = await replay({ all: true, ratePerSecond: 20 });
    await eventually('a part of it', async () => {
      const { body: now } = await operator.get<BulkOperation>(`/bulk/${body.id}`);
      return now.done > 0 ? true : undefined;
    });
    await app.close();
    await boot();
    const { body: end } = await operator.get<BulkOperation>(`/bulk/${body.id}`);
    expect(end.state).toBe('interrupted');
    expect(end.done).toBeLessThan(200);
    expect(
      await environment.query('SELECT count(*)::int AS count FROM dead_letter WHERE replayed_at IS NOT NULL'),
    ).toEqual([{ count: end.done }]);
    expect(await waiting('last')).toHaveLength(end.done);
  });

  it.each<[object, string, string]>([
    [{}, 'body', 'got none of them'],
    [{ ids: ['a'], name: 'b' }, 'body', 'got several of them'],
    [{ all: true, group: 'b' }, 'body', 'got several of them'],
    [{ all: false }, 'all', 'expected true, or nothing, got false'],
    [{ ids: [] }, 'ids', 'at least one id'],
    [{ ids: Array.from({ length: 1001 }, (_, n) => `x${n}`) }, 'ids', 'at most 1000 ids'],
    [{ queue: 'lowest' }, 'queue', 'high, default, low'],
    [{ all: true, ratePerSecond: 0 }, 'ratePerSecond', '0.1 to 1000 a second, got 0'],
    [{ all: true, ratePerSecond: 'fast' }, 'ratePerSecond', 'got "fast"'],
    [{ all: true, dryRun: 'yes' }, 'dryRun', 'true or false'],
    [{ nmae: 'lost.task' }, 'nmae', 'not known here'],
  ])('%o is refused', async (body, field, message) => {
    for (const path of ['/dead-letters/replay', '/dead-letters/purge']) {
      if (path.endsWith('purge') && ('ratePerSecond' in body || 'dryRun' in body)) continue;
      const answer = await admin.post<Problem>(path, body);
      expect(answer.status).toBe(400);
      expect(answer.body.errors).toEqual([{ field, message: expect.stringContaining(message) as string }]);
    }
  });
});

describe('purging', () => {
  const purge = async (body: object) => admin.post<Purged>('/dead-letters/purge', body);

  it('takes a confirmation of the same, once', async () => {
    await insertLetters([...many(5, 'old'), { task_id: 'kept', fingerprint: 'f2' }]);
    const { body: offer } = await purge({ group: 'f1' });
    expect(offer).toEqual({ purged: 0, remaining: 5, token: expect.any(String) as string });
    expect(await idsOf()).toHaveLength(6);
    const unconfirmed = { status: 409, body: { code: 'dead_letter.purge_unconfirmed' } };
    expect(await purge({ group: 'f1', token: 'guessed' })).toMatchObject(unconfirmed);
    // The attempt with something else uses it up.
    const token = offer.token ?? '';
    expect(await purge({ all: true, token })).toMatchObject(unconfirmed);
    expect(await purge({ group: 'f1', token })).toMatchObject(unconfirmed);
    expect(await idsOf()).toHaveLength(6);
    const { body: second } = await purge({ group: 'f1' });
    const confirmed = { group: 'f1', token: second.token };
    expect((await purge(confirmed)).body).toEqual({ purged: 5, remaining: 0, token: null });
    expect(await audited('POST /api/v1/ops/dead-letters/purge')).toEqual({
      outcome: 'done',
      key_id: 'testadmin000',
      detail: 'status 200: 5 dead letters purged, 0 remain (group:f1)',
    });
    expect(await purge(confirmed)).toMatchObject(unconfirmed);
    expect(await idsOf()).toEqual(['kept']);
  });

  it('leaves what has failed since', async () => {
    await insertLetters(many(3, 'before'));
    const { body: offer } = await purge({ all: true });
    await insertLetters([{ task_id: 'since', failed_at: '2026-03-01T00:00:00Z' }]);
    expect((await purge({ all: true, token: offer.token })).body).toEqual({
      purged: 3,
      remaining: 1,
      token: null,
    });
    expect(await idsOf()).toEqual(['since']);
  });

  it('of those that were replayed leaves the others', async () => {
    await insertLetters([...many(2, 'open'), { task_id: 'done', ...REPLAYED }]);
    const { body: offer } = await purge({ replayed: true });
    expect((await purge({ replayed: true, token: offer.token })).body.purged).toBe(1);
    expect(await idsOf()).toEqual(['open-1', 'open-0']);
  });

  it('one needs no second word, takes an admin, and is in the audit', async () => {
    await insertLetters(many(2, 'single'));
    expect(await operator.delete('/dead-letters/single-0')).toBe(403);
    expect(await admin.delete('/dead-letters/single-0')).toBe(204);
    expect(await admin.delete('/dead-letters/single-0')).toBe(404);
    expect(await idsOf()).toEqual(['single-1']);
    expect(await audited('DELETE /api/v1/ops/dead-letters/single-0')).toEqual({
      outcome: 'done',
      key_id: 'testadmin000',
      detail: 'status 204: 1 dead letter purged',
    });
  });
});
