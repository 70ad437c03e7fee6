import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApp } from '../../src/app/create-app.js';
import { loadConfig } from '../../src/core/config/index.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { Ops } from '../support/ops.js';

let environment: TestEnvironment;
let app: NestFastifyApplication;

beforeAll(async () => {
  environment = await createEnvironment();
  const env = { ...environment.env, MODE: 'api', REDIS_URL: 'redis://127.0.0.1:1' };
  app = await createApp('api', loadConfig(env), []);
  await app.listen(0, '127.0.0.1');
});
afterAll(async () => {
  await app?.close();
  await environment?.dispose();
});

it.each([
  ['POST', '/dead-letters/purge', { all: true }],
  ['POST', '/tasks/bulk/revoke', { ids: ['x'] }],
  ['POST', '/queues/low/drain', {}],
  ['POST', '/queues/low/pause', {}],
  ['POST', '/tasks/x/revoke', {}],
  ['GET', '/bulk/9f0d3a5e-3a6c-4b7e-9d43-0a9a1f1b2c3d', undefined],
  ['GET', '/task-types', undefined],
  ['GET', '/queues', undefined],
  ['GET', '/slowest/routes', undefined],
  ['GET', '/workers', undefined],
])('%s %s says that Redis is away', async (method, path, body) => {
  const admin = new Ops(await app.getUrl(), 'admin');
  const { status, body: problem } =
    method === 'GET' ? await admin.get<object>(path) : await admin.post<object>(path, body);
  expect({ status, problem }).toMatchObject({ status: 503, problem: { status: 503 } });
});
