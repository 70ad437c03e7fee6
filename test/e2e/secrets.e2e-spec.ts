import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { Program } from '../support/program.js';
import { bearer } from '../support/test-key.js';

/** No text of Gleaner's has it; each place gets another end, so that a failure says which one leaked. */
const needle = (place: string): string => `n33dle${place}`;

let environment: TestEnvironment;
let role: string;
let api: GleanerProcess;
let worker: Program;
let url: string;
const answers: string[] = [];

beforeAll(async () => {
  environment = await createEnvironment({
    LOG_LEVEL: 'trace',
    DATABASE_SLOW_QUERY_MS: '1',
    SCRAPE_RETRY_BASE_MS: '1',
  });
  role = `${environment.env.REDIS_PREFIX ?? ''}-role`;
  await environment.query(`CREATE ROLE "${role}" SUPERUSER LOGIN PASSWORD '${needle('Env')}'`);
  const database = new URL(environment.env.DATABASE_URL ?? '');
  database.username = role;
  database.password = needle('Env');
  const env = { ...environment.env, DATABASE_URL: database.href };
  api = GleanerProcess.spawn({ ...env, MODE: 'api' });
  url = await api.listening();
  worker = new Program(process.execPath, ['test/support/task-lab/process.mjs'], {
    env: { PATH: process.env.PATH, ...env, MODE: 'all' },
  });
});
afterAll(async () => {
  for (const each of [api, worker]) each?.kill('SIGTERM');
  for (const each of [api, worker]) await each?.exit();
  await environment?.query(`DROP ROLE IF EXISTS "${role}"`);
  await environment?.dispose();
});

async function ask(
  path: string,
  init: RequestInit = {},
  at = url,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(at + path, init);
  const text = await answer.text();
  answers.push(`${path.split('?')[0]} ${JSON.stringify([...answer.headers])} ${text}`);
  return { status: answer.status, text };
}

const admin = (more: Record<string, string> = {}): Record<string, string> => ({
  ...bearer('admin'),
  'content-type': 'application/json',
  ...more,
});

it('what is secret is in no log line, answer or metric, wherever it was planted', async () => {
  const labUrl = await worker.until(
    'it listens',
    async () => /listens on (http:\/\/[^"\s]+)/.exec(worker.log)?.[1],
  );
  const key = `glnr_abcdefghijkl_${needle('Header')}${'x'.repeat(31)}`.slice(0, 61);
  // In what is asked: headers, query, cookie, and a body that is refused.
  for (const path of ['/api/v1/ops/tasks', '/api/v1/tags', '/nowhere']) {
    await ask(path, { headers: { authorization: `Bearer ${key}` } });
    await ask(`${path}?api_key=${needle('Query')}&token=${needle('Token')}`, {
      headers: { cookie: `sid=${needle('Cookie')}`, authorization: `Basic ${btoa(`me:${needle('Basic')}`)}` },
    });
  }
  await ask('/api/v1/ops/tasks', {
    method: 'POST',
    headers: admin(),
    body: JSON.stringify({ name: 'lab.none', payload: { password: needle('Refused') } }),
  });
  // A source whose URL has a password, as JSON and as YAML of a declaration.
  const source = {
    slug: 'with-password',
    name: 'x',
    startUrls: [`https://me:${needle('Source')}@127.0.0.1:1/`],
    items: [],
  };
  await ask('/api/v1/sources', { method: 'POST', headers: admin(), body: JSON.stringify(source) });
  await ask('/api/v1/sources/preview', { method: 'POST', headers: admin(), body: JSON.stringify(source) });
  // A task that fails, with secrets in its payload and in what it says of its failure, in the ways in which errors say it.
  const sayings = [
    `connect postgres://u:${needle('Url')}@db/x failed`,
    `401 for {"apiKey":"${needle('Json')}"}`,
    `refused, password=${needle('Pair')}`,
    `sent Authorization: Bearer ${needle('Bearer')}`,
    `key ${key} is unknown`,
  ];
  const ids: string[] = [];
  for (const message of sayings) {
    const payload = { message, password: needle('Payload') };
    const { text } = await ask(
      '/api/v1/ops/tasks',
      { method: 'POST', headers: admin(), body: JSON.stringify({ name: 'lab.fail', payload }) },
      labUrl,
    );
    ids.push((JSON.parse(text) as { id: string }).id);
  }
  for (const id of ids)
    await eventually('the task to have failed', async () => {
      const [row] = await environment.query<{ state: string }>('SELECT state FROM task WHERE id = $1', [id]);
      return ['failed', 'retry'].includes(row?.state ?? '') || undefined;
    });
  await eventually('lines of the failures', async () => /"module":"TaskLog".*"err"/.exec(worker.log)?.[0]);

  for (const id of ids) await ask(`/api/v1/ops/tasks/${id}`, { headers: admin() });
  for (const path of [
    '/ops/tasks',
    '/ops/tasks/export',
    '/ops/dead-letters',
    '/ops/dead-letters/groups',
    '/sources',
    '/ops/health',
  ])
    await ask(`/api/v1${path}`, { headers: admin() });
  for (const at of [url, labUrl]) for (const path of ['/metrics', '/health']) await ask(path, {}, at);

  const found = (text: string): string[] => [...new Set(text.match(/n33dle\w*/g))];
  const logs = `${api.log}${worker.log}`;
  expect(logs).toContain('[redacted]');
  expect(
    found(logs),
    logs.split('\n').find((line) => line.includes('n33dle')),
  ).toEqual([]);
  for (const answer of answers) expect(found(answer), answer).toEqual([]);
});
