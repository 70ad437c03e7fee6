import type { FastifyInstance } from 'fastify';
import { register } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app/create-app.js';
import { loadConfig } from '../../src/core/config/index.js';
import { BullKeys } from '../support/bull-keys.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { insertTasks } from '../support/task-rows.js';
import { bearer, testKey } from '../support/test-key.js';

type Role = 'viewer' | 'operator' | 'admin';

/** Every route of the operators' API, and whose it is: whoever adds one says so here as well. */
const ROUTES: readonly [route: string, role: Role][] = [
  ['GET /alert-rules', 'viewer'],
  ['GET /alert-silences', 'viewer'],
  ['GET /alerts', 'viewer'],
  ['GET /alerts/:id', 'viewer'],
  ['GET /bulk/:id', 'viewer'],
  ['GET /dead-letters', 'viewer'],
  ['GET /dead-letters/:id', 'viewer'],
  ['GET /dead-letters/groups', 'viewer'],
  ['GET /errors', 'viewer'],
  ['GET /events', 'viewer'],
  ['GET /health', 'viewer'],
  ['GET /log-levels', 'viewer'],
  ['GET /queues', 'viewer'],
  ['GET /queues/:name', 'viewer'],
  ['GET /slowest/:kind', 'viewer'],
  ['GET /task-types', 'viewer'],
  ['GET /tasks', 'viewer'],
  ['GET /tasks/:id', 'viewer'],
  ['GET /tasks/count', 'viewer'],
  ['GET /tasks/export', 'viewer'],
  ['GET /tasks/long-running', 'viewer'],
  ['GET /workers', 'viewer'],
  ['GET /workers/:id', 'viewer'],
  ['GET /workers/:id/inspect/:what', 'viewer'],
  ['GET /workers/inspect/:what', 'viewer'],
  ['DELETE /alert-silences/:id', 'operator'],
  ['POST /alert-rules/:name/test', 'operator'],
  ['POST /alert-silences', 'operator'],
  ['POST /dead-letters/:id/replay', 'operator'],
  ['POST /dead-letters/replay', 'operator'],
  ['POST /queues/:name/pause', 'operator'],
  ['POST /queues/:name/resume', 'operator'],
  ['POST /tasks', 'operator'],
  ['POST /tasks/:id/edit-and-retry', 'operator'],
  ['POST /tasks/:id/retry', 'operator'],
  ['POST /tasks/:id/revoke', 'operator'],
  ['POST /tasks/bulk/retry', 'operator'],
  ['POST /tasks/bulk/revoke', 'operator'],
  ['POST /workers/:id/commands', 'operator'],
  ['POST /workers/commands', 'operator'],
  ['DELETE /dead-letters/:id', 'admin'],
  ['DELETE /log-levels/:module', 'admin'],
  ['POST /dead-letters/purge', 'admin'],
  ['POST /profiles/cpu', 'admin'],
  ['POST /profiles/heap', 'admin'],
  ['POST /queues/:name/drain', 'admin'],
  ['POST /workers/:id/shutdown', 'admin'],
  ['POST /workers/shutdown', 'admin'],
  ['PUT /log-levels/:module', 'admin'],
];
const CHANGING = ROUTES.filter(([route]) => !route.startsWith('GET'));
const RANK = { viewer: 1, operator: 2, admin: 3 };
const PREFIX = '/api/v1/ops';
const PAGE = 'https://app.example';

let environment: TestEnvironment;
let app: Awaited<ReturnType<typeof createApp>>;
let server: FastifyInstance;
let bull: BullKeys;
const routes: string[] = [];

beforeAll(async () => {
  environment = await createEnvironment({ CORS_ORIGINS: PAGE });
  await insertTasks(environment, [{ id: 'over', queue: 'low', state: 'failed' }]);
  register.clear();
  app = await createApp('api', loadConfig({ ...environment.env, MODE: 'api' }));
  server = app.getHttpAdapter().getInstance();
  server.addHook('onRoute', ({ method, url }) => {
    for (const name of [method].flat())
      if (url.startsWith(PREFIX) && name !== 'HEAD') routes.push(`${name} ${url.slice(PREFIX.length)}`);
  });
  await app.listen(0, '127.0.0.1');
  bull = new BullKeys(environment.env);
});

afterAll(async () => {
  await bull?.[Symbol.asyncDispose]();
  await app?.close();
  await environment?.dispose();
});

const ask = async (route: string, headers: Record<string, string> = {}, payload?: string) => {
  const [method = '', path = ''] = route.split(' ');
  const url = PREFIX + path.replaceAll(/:\w+/g, 'x');
  return server.inject({
    method,
    url,
    // No stream of events is opened for this: its answer would have no end.
    headers: { host: 'gleaner.example', 'last-event-id': 'none', ...headers },
    ...(payload !== undefined && { payload }),
  });
};

describe('a page of another site that makes an operator’s browser ask', () => {
  /** What a browser adds by itself, once somebody has told it the key. */
  const basic = `Basic ${Buffer.from(`me:${testKey('admin')}`).toString('base64')}`;
  const FORMS = [
    ['text/plain', '{"ids":["over"]}'],
    ['application/x-www-form-urlencoded', 'ids=over'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="ids"\r\n\r\nover\r\n--x--',
    ],
  ] as const;
  /** The last is what a script can send without asking. */
  const BODIES = [...FORMS, ['application/json', '{"ids":["over"]}'], [undefined, undefined]] as const;
  const FROM_ELSEWHERE: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site', origin: 'https://other.gleaner.example' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ];

  /** What these requests could change. */
  async function state(): Promise<unknown> {
    const queue = await server.inject({ url: `${PREFIX}/queues/low`, headers: bearer('viewer') });
    return {
      waiting: await bull.list('low', 'wait'),
      paused: queue.json<{ paused: boolean }>().paused,
      revoked: await bull.tombstone(environment.env, 'over'),
    };
  }
  const UNTOUCHED = { waiting: [], paused: false, revoked: null };

  it('is refused where a POST without a body would do', async () => {
    for (const path of ['/queues/low/pause', '/tasks/over/retry']) {
      const answer = await ask(`POST ${path}`, { 'sec-fetch-site': 'cross-site', authorization: basic });
      expect(answer.json()).toMatchObject({ status: 403, code: 'http.cross_site' });
    }
    expect(await state()).toEqual(UNTOUCHED);
  });

  it.each(CHANGING)('%s is refused, whatever key the browser has and whatever it sends', async (route) => {
    for (const from of FROM_ELSEWHERE)
      for (const authorization of [undefined, basic, bearer('admin').authorization])
        for (const [type, body] of BODIES) {
          const headers = {
            ...from,
            cookie: 'session=1',
            ...(authorization && { authorization }),
            ...(type && { 'content-type': type }),
          };
          expect((await ask(route, headers, body)).statusCode, type).toBe(403);
        }
    expect(await state()).toEqual(UNTOUCHED);
  });

  it.each(CHANGING)('%s takes no form, whoever sends it', async (route) => {
    for (const [type, body] of FORMS) {
      const headers = { ...bearer('admin'), 'content-type': type };
      expect((await ask(route, headers, body)).statusCode, type).toBe(415);
    }
    expect(await state()).toEqual(UNTOUCHED);
  });

  it.each<[string, Record<string, string>]>([
    ['a program', {}],
    ['the page of this server', { 'sec-fetch-site': 'same-origin', origin: 'https://gleaner.example' }],
    ['the same in an old browser', { origin: 'http://gleaner.example' }],
    ['a page that is listed', { 'sec-fetch-site': 'cross-site', origin: PAGE }],
  ])('is not %s', async (_who, headers) => {
    const answer = await ask('POST /tasks/over/retry', { ...headers, authorization: basic });
    expect(answer.statusCode).toBe(202);
  });
});

describe('who may use the operators’ API', () => {
  it('is said of every route that there is', () => {
    expect(routes.length).toBeGreaterThan(0);
    expect(routes.sort()).toEqual(ROUTES.map(([route]) => route).sort());
  });

  it.each(ROUTES)('%s: %s and above; nobody without a key', async (route, required) => {
    const anonymous = await ask(route);
    expect(anonymous.statusCode).toBe(401);
    expect(anonymous.json()).toMatchObject({ code: 'auth.key_required' });
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      const { statusCode } = await ask(route, bearer(role));
      // With these parameters nothing is found, or they are refused: that takes having been let in.
      if (RANK[role] < RANK[required]) expect(statusCode, role).toBe(403);
      else expect([200, 202, 400, 404], `${role} ${statusCode}`).toContain(statusCode);
    }
  });

  it.each(ROUTES)('%s: the document says that it takes a key', async (route) => {
    const [method = '', path = ''] = route.split(' ');
    const document = (await server.inject('/docs/openapi.json')).json<{
      paths: Record<string, Record<string, { security?: object[]; responses: object }>>;
    }>();
    const operation = document.paths[PREFIX + path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
    expect(operation?.security).toEqual([{ bearer: [] }, { basic: [] }]);
    expect(Object.keys(operation?.responses ?? {})).toEqual(expect.arrayContaining(['401', '403']));
  });
});
