import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { exampleFor } from '../support/declaration.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { bearer } from '../support/test-key.js';

type Line = Record<string, unknown>;

let site: Site;
let environment: TestEnvironment;
let app: GleanerProcess;
let url: string;

beforeAll(async () => {
  site = await startSite({ books: 3 });
  environment = await createEnvironment({ MODE: 'all', LOG_LEVEL: 'info' });
  app = GleanerProcess.spawn(environment.env);
  url = await app.listening();
});

afterAll(async () => {
  app?.kill('SIGTERM');
  await app?.exit();
  await environment?.dispose();
  await site?.close();
});

async function ask(path: string, init: RequestInit = {}): Promise<{ answer: Response; line: Line }> {
  const answer = await fetch(url + path, init);
  await answer.arrayBuffer();
  const id = answer.headers.get('x-request-id');
  const line = await eventually('its line', async () =>
    app.log
      .split('\n')
      .filter((text) => text.startsWith('{') && text.includes(id!))
      .map((text) => JSON.parse(text) as Line)
      .find(({ msg }) => msg === 'request completed'),
  );
  return { answer, line };
}

const timing = ({ headers }: Response): string | null => headers.get('server-timing');
const key = (role: 'viewer' | 'operator' = 'viewer'): RequestInit => ({ headers: bearer(role) });

describe('what a request has cost', () => {
  it('is in its line, and told to whoever has a key: queries, and whether the cache could answer', async () => {
    const missed = await ask('/api/v1/tags?limit=7', key());
    expect(missed.line).toMatchObject({ queries: expect.any(Number), cacheMisses: 1 });
    expect(missed.line.querySeconds).toBeGreaterThan(0);
    expect(timing(missed.answer)).toMatch(
      /^total;dur=[\d.]+, db;dur=[\d.]+;desc="\d quer(y|ies)", cache;desc="1 miss"$/,
    );
    const hit = await ask('/api/v1/tags?limit=7', key());
    expect(hit.line).toMatchObject({ level: 'info', cacheHits: 1 });
    expect(hit.line).not.toHaveProperty('cacheMisses');
    expect(hit.line).not.toHaveProperty('fetches');
    expect(timing(hit.answer)).toMatch(/^total;dur=[\d.]+.*cache;desc="1 hit"$/);
  });

  it('is in its line, and told with 304, with streams and with problems', async () => {
    const { answer } = await ask('/api/v1/tags?limit=8', key());
    const headers = { ...bearer('viewer'), 'if-none-match': answer.headers.get('etag')! };
    const known = await ask('/api/v1/tags?limit=8', { headers });
    expect(known.answer.status).toBe(304);
    expect(timing(known.answer)).toContain('cache;desc="1 hit"');
    const stream = await ask('/api/v1/ops/tasks/export', key());
    expect(timing(stream.answer)).toMatch(/^total;dur=/);
    const problem = await ask('/api/v1/tags?limit=x', key());
    expect(problem.answer.status).toBe(400);
    expect(timing(problem.answer)).toMatch(/^total;dur=/);
  });

  it('has the time that other people’s servers took', async () => {
    const body = JSON.stringify(await exampleFor('books', `${site.url}/index.html`));
    const { answer, line } = await ask(
      `/api/v1/sources/preview?url=${encodeURIComponent(site.url + site.books[0]!.path)}`,
      { method: 'POST', headers: { ...bearer('operator'), 'content-type': 'application/json' }, body },
    );
    expect(answer.status).toBe(200);
    expect(line).toMatchObject({ fetches: 1 });
    expect(line.fetchSeconds).toBeGreaterThan(0);
    expect(timing(answer)).toMatch(/outgoing;dur=[\d.]+;desc="1 fetch"/);
  });

  it('is told to no stranger, nor kept where strangers would get it', async () => {
    const path = '/api/v1/tags?limit=9';
    const told = await ask(path, key());
    expect(timing(told.answer)).not.toBeNull();
    expect(told.answer.headers.get('cache-control')).toMatch(/^private, max-age/);
    const untold = await ask(path);
    expect(timing(untold.answer)).toBeNull();
    expect(untold.answer.headers.get('cache-control')).toMatch(/^public, max-age/);
    const refused = await ask(path, { headers: { authorization: 'Bearer nothing' } });
    expect(refused.answer.status).toBe(401);
    expect(timing(refused.answer)).toBeNull();
  });

  it('is warned about above a second', async () => {
    await environment.query('BEGIN');
    await environment.query('LOCK TABLE tag');
    const asked = ask('/api/v1/tags?limit=6');
    await eventually('the request to have waited for more than a second, whoever measures it', async () => {
      const [old] = await environment.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND query_start < clock_timestamp() - interval '2 seconds'`,
      );
      return old;
    });
    await environment.query('COMMIT');
    expect((await asked).line).toMatchObject({ level: 'warn', slow: true, statusCode: 200 });
  });
});
