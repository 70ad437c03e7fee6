import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScheduleDto } from '../../src/platform/scheduling/schedules/schedule.dto.js';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { ASKED, hourly, type ScheduleNode, startScheduleNode } from '../support/schedule-node.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let environment: TestEnvironment;
let node: ScheduleNode;
let app: TestApp;
let api: Api;

beforeAll(async () => {
  environment = await createEnvironment();
  await environment.query(ASKED);
  node = await startScheduleNode(environment.env);
  app = await bootApp('api', environment.env);
  api = new Api(app.url);
});

afterAll(async () => {
  await app?.close();
  await node?.close();
  await environment?.dispose();
});

describe('the schedules of the API', () => {
  it('tell when each ran last and when it runs next', async () => {
    const { nextSlot } = await node.schedules.put(
      'source:a/b',
      hourly({ timeZone: 'Europe/Berlin', overlap: 'queue' }),
    );
    const path = `/api/v1/schedules/${encodeURIComponent('source:a/b')}`;
    const expected = {
      name: 'source:a/b',
      target: 'test.target',
      cron: '0 * * * *',
      timeZone: 'Europe/Berlin',
      jitterSeconds: 0,
      overlap: 'queue',
      enabled: true,
      nextRunAt: nextSlot?.toISOString(),
      lastRunAt: null,
      lastOutcome: null,
      lastSlot: null,
      waitingSlot: null,
    };
    expect(await api.get(path)).toEqual(expected);

    node.target.answer = async () => ({ outcome: 'waiting' });
    await node.runner.runOnce(new Date(nextSlot!.getTime() + 700));
    expect(await api.get(path)).toEqual({
      ...expected,
      nextRunAt: new Date(nextSlot!.getTime() + 3_600_000).toISOString(),
      lastRunAt: new Date(nextSlot!.getTime() + 700).toISOString(),
      lastOutcome: 'waiting',
      lastSlot: nextSlot?.toISOString(),
      waitingSlot: nextSlot?.toISOString(),
    });

    await node.schedules.put('source:a/b', hourly({ enabled: false }));
    expect(await api.get(path)).toMatchObject({ enabled: false, nextRunAt: null, waitingSlot: null });
  });

  it('are listed by name, page by page', async () => {
    const names = Array.from({ length: 7 }, (_, n) => `page ${n}`);
    for (const name of names) await node.schedules.put(name, hourly());
    const listed = await api.all<ScheduleDto>('/api/v1/schedules', 3);
    expect(listed.map(({ name }) => name)).toEqual([...names, 'source:a/b']);
  });

  it('answer 404 for a name that there is not, and 400 for a query that cannot be', async () => {
    const status = async (path: string): Promise<number> =>
      (await fetch(`${app.url}/api/v1/schedules${path}`)).status;
    expect(await status('/nothing')).toBe(404);
    expect(await status('?cursor=x')).toBe(400);
    expect(await status('?target=x')).toBe(400);
    expect(await status(`/${'x'.repeat(201)}`)).toBe(400);
  });
});
