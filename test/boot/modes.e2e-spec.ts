import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODES, type Mode } from '../../src/app/modes.js';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { Program } from '../support/program.js';

let site: Site;
let environment: TestEnvironment;

beforeAll(async () => {
  site = await startSite();
  environment = await createEnvironment({ QUOTES_START_URL: site.url, LOG_LEVEL: 'info' });
});

afterAll(async () => {
  await environment?.dispose();
  await site?.close();
});

/** Runs `use` with a process of this mode and checks that it ends in good order afterwards. */
async function withMode(
  mode: Mode,
  use: (url: string, gleaner: GleanerProcess) => Promise<void>,
): Promise<void> {
  const gleaner = GleanerProcess.spawn({ ...environment.env, MODE: mode });
  try {
    await use(await gleaner.listening(), gleaner);
    gleaner.kill('SIGTERM');
    expect(await gleaner.exit(), gleaner.log).toBe(0);
  } finally {
    gleaner.kill('SIGKILL');
  }
}

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

describe.each(MODES)('the compiled application with MODE=%s', (mode) => {
  it('boots, answers probes and metrics, logs JSON, and ends with 0 on SIGTERM', async () => {
    await withMode(mode, async (url, gleaner) => {
      expect(await statusOf(`${url}/health/live`)).toBe(200);
      expect(await statusOf(`${url}/health/ready`)).toBe(200);
      expect(await statusOf(`${url}/metrics`)).toBe(200);
      for (const line of gleaner.log.trimEnd().split('\n')) {
        expect(JSON.parse(line)).toMatchObject({
          service: 'gleaner',
          mode,
          level: expect.any(String) as string,
        });
      }
    });
  });

  const servesApi = mode === 'api' || mode === 'all';
  it(`${servesApi ? 'serves' : 'does not serve'} quotes and the API's documentation`, async () => {
    await withMode(mode, async (url) => {
      const expected = servesApi ? 200 : 404;
      expect(await statusOf(`${url}/api/v1/quotes`)).toBe(expected);
      expect(await statusOf(`${url}/docs`)).toBe(expected);
    });
  });
});

describe('the modes together', () => {
  it('the API only enqueues; a worker that comes later does the work', async () => {
    await withMode('api', async (url) => {
      const api = new Api(url);
      const path = await api.startRun();
      await withMode('scheduler', async () => {
        // The scheduler has looked at the runs at least once by now, and neither process takes tasks.
        expect((await api.run(path)).status).toBe('pending');
        const metrics = await (await fetch(`${url}/metrics`)).text();
        expect(metrics).not.toMatch(/^gleaner_tasks_started_total\{.*\} [1-9]/m);
      });
      await withMode('worker', async () => {
        expect(await api.ended(path)).toMatchObject({ status: 'succeeded', attempt: 1 });
      });
      expect(await api.all('/api/v1/quotes')).toHaveLength(100);
    });
  });
});

describe('a configuration with faults', () => {
  it('is refused with all faults at once, without secrets, and exit code 78', async () => {
    const gleaner = GleanerProcess.spawn({
      DATABASE_URL: 'mysql://admin:hunter2@db/gleaner',
      MODE: 'everything',
      PORT: '99999',
      CACHE_TTL_MS: 'soon',
    });
    expect(await gleaner.exit()).toBe(78);
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'MODE', 'PORT', 'CACHE_TTL_MS'])
      expect(gleaner.log).toContain(`  ${name}: `);
    expect(gleaner.log).toContain('expected one of api, worker, scheduler, all, got "everything"');
    expect(gleaner.log).not.toContain('hunter2');
  });
});

describe('a Node that is too old', () => {
  it('is named, before a dependency can fail on it', async () => {
    const older = `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '20.20.2' })`;
    const gleaner = new Program(process.execPath, ['--import', older, 'dist/main.js'], { env: {} });
    expect(await gleaner.exit()).toBe(1);
    expect(gleaner.log).toBe('Gleaner needs Node 22.19 or newer; this is 20.20.2.\n');
  });
});

describe('a port that is in use', () => {
  it('is named, and ends the process', async () => {
    await withMode('api', async (url) => {
      const second = GleanerProcess.spawn({ ...environment.env, MODE: 'api', PORT: new URL(url).port });
      expect(await second.exit()).toBe(1);
      expect(second.log).toContain('EADDRINUSE');
    });
  });
});

describe('SIGTERM while a run is under way', () => {
  it('gives back what is not fetched yet, keeps what is, and ends at once', async () => {
    // Slow enough that the run takes several batches.
    site.misbehave({ kind: 'delay', ms: 300, path: '.*' });
    const gleaner = GleanerProcess.spawn({ ...environment.env, MODE: 'all' });
    const api = new Api(await gleaner.listening());
    const path = await api.startRun();
    await eventually('pages to be stored', async () =>
      (await api.run(path)).stats['scheduler/dequeued'] > 0 ? true : undefined,
    );
    gleaner.kill('SIGTERM');
    expect(await gleaner.exit(), gleaner.log).toBe(0);
    const id = [path.split('/').pop()];
    const states = await environment.query<{ state: string }>(
      'SELECT DISTINCT state FROM run_request WHERE run_id = $1',
      id,
    );
    expect(states.map(({ state }) => state).sort()).toEqual(['done', 'pending']);
    expect(await environment.query('SELECT status FROM run WHERE id = $1', id)).toEqual([
      { status: 'running' },
    ]);
    site.clear();
  });
});
