import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gleaner } from '../support/command.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';

const KEY = /glnr_[a-z0-9]{12}_[A-Za-z0-9]{43}/g;

let environment: TestEnvironment;

beforeAll(async () => {
  environment = await createEnvironment({ MODE: 'api', LOG_LEVEL: 'trace' });
});

afterAll(async () => environment?.dispose());

/** Only the database is told to it. */
const command = async (
  line: string,
  env: Record<string, string> = { DATABASE_URL: environment.env['DATABASE_URL'] ?? '' },
) => gleaner(line, env);

async function create(role: string, more = ''): Promise<{ id: string; key: string }> {
  const { code, out } = await command(`key create --name test --role ${role} --json${more}`);
  expect(code, out).toBe(0);
  return JSON.parse(out) as { id: string; key: string };
}

async function start(env: Record<string, string> = {}): Promise<{ server: GleanerProcess; url: string }> {
  const server = GleanerProcess.spawn({ ...environment.env, ...env });
  return { server, url: await server.listening() };
}

async function stop(...processes: GleanerProcess[]): Promise<void> {
  for (const one of processes) one.kill('SIGTERM');
  await Promise.all(processes.map((one) => one.exit()));
}

describe('the command line', () => {
  it('makes keys that open what their role may, lists them, and revokes them', async () => {
    const operator = await create('operator', ' --expires 90d');
    const viewer = await create('viewer');
    const { server, url } = await start();
    try {
      const post = async (key: string) => {
        const headers = { authorization: `Bearer ${key}` };
        return (await fetch(`${url}/api/v1/sources/nothing/runs`, { method: 'POST', headers })).status;
      };
      expect(await post(operator.key)).toBe(404);
      expect(await post(viewer.key)).toBe(403);

      const listed = JSON.parse((await command('key list --json')).out) as { id: string; state: string }[];
      expect(listed.find(({ id }) => id === operator.id)).toMatchObject({
        name: 'test',
        role: 'operator',
        state: 'valid',
        revokedAt: null,
        expiresAt: expect.stringMatching(/^20/) as string,
      });
      const eyes = (await command('key list')).out;
      expect(eyes).toMatch(/^ID +NAME +ROLE +STATE +CREATED +EXPIRES +LAST USED$/m);
      expect(eyes).toMatch(new RegExp(`^${viewer.id} +test +viewer +valid `, 'm'));
      expect(JSON.stringify(listed) + eyes).not.toMatch(KEY);

      expect(await command(`key revoke ${operator.id}`)).toMatchObject({ code: 0 });
      await eventually(
        'the revocation',
        async () => ((await post(operator.key)) === 401 ? true : undefined),
        5000,
      );
      expect((await command('key list')).out).toMatch(new RegExp(`^${operator.id} .* revoked `, 'm'));
      // Once more changes nothing.
      expect(await command(`key revoke ${operator.id}`)).toMatchObject({ code: 0 });
    } finally {
      await stop(server);
    }
    expect(
      await environment.query(
        `SELECT action, key_id FROM audit_entry WHERE key_id = $1 AND action LIKE 'key.%' ORDER BY id`,
        [operator.id],
      ),
    ).toEqual([
      { action: 'key.create', key_id: operator.id },
      { action: 'key.revoke', key_id: operator.id },
    ]);
  });

  it('shows a key to eyes, with a word of warning, and stores only its hash', async () => {
    const { code, out } = await command('key create --name mine --role admin');
    expect(code).toBe(0);
    expect(out.match(KEY)).toHaveLength(1);
    expect(out).toContain('cannot be shown again');
    const [row] = await environment.query<{ dump: string }>(
      `SELECT (SELECT string_agg(k::text, ' ') FROM api_key k) || (SELECT string_agg(a::text, ' ') FROM audit_entry a) AS dump`,
    );
    const secret = out.match(KEY)?.[0].split('_')[2] ?? '';
    const dump = row?.dump;
    expect(dump).toContain('mine');
    expect(dump).not.toContain(secret);
    expect(dump).not.toContain(Buffer.from(secret).toString('hex'));
  });

  it.each([
    ['key --help', 0, 'Examples'],
    ['--help', 0, 'Examples'],
    ['key create --name x --role king', 2, 'Allowed choices are viewer, operator, admin'],
    ['lock', 2, "unknown command 'lock'"],
    ['key revoke zzzzzzzzzzzz', 1, 'There is no key "zzzzzzzzzzzz"'],
  ])('"%s" ends with %i', async (line, code, text) => {
    const answer = await command(line);
    expect(answer.out).toContain(text);
    expect(answer.code).toBe(code);
    expect(answer.out).not.toMatch(/\n {4}at /);
  });

  it('needs no more than the database, and says so when that is not there', async () => {
    const missing = await command('key list', { DATABASE_URL: '' });
    expect(missing).toMatchObject({ code: 78 });
    expect(missing.out).toContain('DATABASE_URL');
    const down = await command('key list', { DATABASE_URL: 'postgres://nobody:hunter2@127.0.0.1:1/x' });
    expect(down.code).toBe(1);
    expect(down.out).not.toContain('hunter2');
  });
});

describe('a key', () => {
  it('is in no log line, no error and no metric of a process that has seen it, right or wrong', async () => {
    const { id, key } = await create('operator');
    const secret = key.split('_')[2] ?? '';
    const { server, url } = await start();
    const basic = Buffer.from(`me:${key}`).toString('base64');
    const answers: string[] = [];
    const ask = async (path: string, headers: Record<string, string>, method = 'GET') => {
      const answer = await fetch(url + path, { method, headers });
      answers.push(JSON.stringify([...answer.headers]), await answer.text());
      return answer.status;
    };
    try {
      const runs = '/api/v1/sources/quotes/runs';
      expect(await ask(runs, { authorization: `Bearer ${key}` }, 'POST')).toBe(202);
      expect(await ask(runs, { authorization: `Basic ${basic}` }, 'POST')).toBe(409);
      expect(await ask('/api/v1/tags?limit=x', { authorization: `Bearer ${key}` })).toBe(400);
      expect(await ask('/api/v1/tags', { authorization: `Bearer ${key}x` })).toBe(401);
      expect(await ask('/api/v1/tags', { authorization: `bearer  ${key} ` })).toBe(200);
      expect(await ask('/api/v1/tags', { authorization: key })).toBe(401);
      await command(`key revoke ${id}`);
      await eventually('the revocation', async () =>
        (await ask('/api/v1/tags', { authorization: `Bearer ${key}` })) === 401 ? true : undefined,
      );
      expect(await ask('/metrics', { authorization: `Bearer ${key}` })).toBe(200);
      const last = randomUUID();
      await fetch(`${url}/nothing`, { headers: { 'x-request-id': last } });
      await eventually('the last line', async () => (server.log.includes(last) ? true : undefined));
    } finally {
      await stop(server);
    }
    for (const text of [server.log, ...answers]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(basic);
    }
    const audit = JSON.stringify(await environment.query('SELECT * FROM audit_entry'));
    expect(audit).toContain(id);
    expect(audit).not.toContain(secret);
  });
});

describe('the first key', () => {
  it('is made once and shown once by many processes that boot at once, past their logs', async () => {
    await environment.query('DELETE FROM api_key');
    // Nobody can insert until all three have seen that there is no key and are about to make one.
    await environment.query('BEGIN');
    await environment.query('LOCK TABLE api_key IN EXCLUSIVE MODE');
    const starting = Promise.all(Array.from({ length: 3 }, () => start({ FIRST_KEY_FILE: '-' })));
    try {
      await eventually('all three to wait', async () => {
        // Not pg_stat_activity, which stays as it was when the transaction first looked.
        const waiting = await environment.query(
          `SELECT 1 FROM pg_locks JOIN pg_database ON oid = database WHERE datname = current_database() AND NOT granted`,
        );
        return waiting.length === 3 ? true : undefined;
      });
    } finally {
      await environment.query('COMMIT');
    }
    const started = await starting;
    try {
      const shown = started.flatMap(({ server }) => server.log.match(KEY) ?? []);
      expect(shown).toHaveLength(1);
      expect(await environment.query('SELECT role FROM api_key')).toEqual([{ role: 'admin' }]);
      for (const { server } of started) {
        const json = server.log.split('\n').filter((line) => line.startsWith('{'));
        expect(json.length).toBeGreaterThan(0);
        expect(json.join('\n')).not.toMatch(KEY);
      }
      const headers = { authorization: `Bearer ${shown[0]}` };
      const answers = await Promise.all(
        started.map(({ url }) => fetch(`${url}/api/v1/sources/nothing/runs`, { method: 'POST', headers })),
      );
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
      // Nor by the next one, also when the only key has been revoked.
      await environment.query('UPDATE api_key SET revoked_at = now()');
      const later = await start({ FIRST_KEY_FILE: '-' });
      expect(later.server.log).not.toMatch(KEY);
      await stop(later.server);
    } finally {
      await stop(...started.map(({ server }) => server));
    }
  });

  it('is not made where standard error goes to a log; a line tells how to make one', async () => {
    await environment.query('DELETE FROM api_key');
    const { server } = await start();
    await stop(server);
    expect(server.log).not.toMatch(KEY);
    expect(server.log).toContain('npm run -s key -- create');
    expect(await environment.query('SELECT 1 FROM api_key')).toEqual([]);
  });
});
