import { randomUUID } from 'node:crypto';
import { register } from 'prom-client';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app/create-app.js';
import { loadConfig } from '../../src/core/config/index.js';
import type { Page } from '../../src/core/http/index.js';
import { RecordsPipeline } from '../../src/features/records/index.js';
import type { RecordDto } from '../../src/features/records/reading/record.dto.js';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let environment: TestEnvironment;
let reader: TestApp;
let worker: NestFastifyApplication;
let api: Api;

beforeAll(async () => {
  environment = await createEnvironment({ CACHE_TTL_MS: '3600000' });
  await environment.query(
    `INSERT INTO source (slug, name, spider, start_urls) VALUES ('s', 'S', 'declared', '{http://x/}')`,
  );
  reader = await bootApp('api', environment.env);
  api = new Api(reader.url);
  register.clear();
  worker = await createApp('worker', loadConfig({ ...environment.env, MODE: 'worker' }));
  await worker.init();
});
afterAll(async () => {
  await worker?.close();
  await reader?.close();
  await environment?.dispose();
});

async function storeTitle(title: string): Promise<void> {
  const pipeline = worker.get(RecordsPipeline, { strict: false });
  const item = { kind: 'item', key: '[1]', data: { title }, url: 'http://x/', history: true };
  await worker
    .get(DataSource)
    .transaction((manager) => pipeline.store([item], { sourceId: 1, runId: randomUUID() }, manager));
  await pipeline.committed();
}

describe('cached reads of records', () => {
  it('are what was stored, soon after a worker has committed it', async () => {
    const list = '/api/v1/sources/s/records';
    expect(await api.get(list)).toEqual({ items: [], nextCursor: null });
    await storeTitle('one');
    const sees = (title: string): Promise<true> =>
      eventually(`the list to have "${title}"`, async () => {
        const { items } = await api.get<Page<RecordDto>>(list);
        return items[0]?.data.title === title ? true : undefined;
      });
    await sees('one');
    const { changeCount } = await api.get<RecordDto>(`${list}/1`);
    expect(changeCount).toBe(0);
    expect(await api.get<Page<unknown>>(`${list}/1/changes`)).toMatchObject({ items: [] });
    await storeTitle('two');
    await sees('two');
    expect(await api.get<RecordDto>(`${list}/1`)).toMatchObject({ data: { title: 'two' }, changeCount: 1 });
    expect(await api.get(`${list}/1/changes`)).toMatchObject({
      items: [{ before: { title: 'one' }, after: { title: 'two' } }],
    });
    // Nothing else would have shown it: it stays cached for an hour.
    await environment.query(`UPDATE record SET data = '{"title": "three"}'`);
    expect(await api.get<RecordDto>(`${list}/1`)).toMatchObject({ data: { title: 'two' } });
  });
});
