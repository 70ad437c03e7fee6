import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDataSource } from '../../src/app/data-source.js';
import { loadConfig } from '../../src/core/config/index.js';
import { databaseConfig, limitsOf, Transactions } from '../../src/core/database/index.js';
import { RunProgress } from '../../src/features/scraping/runs/run-progress.js';
import { emptyStats } from '../../src/features/scraping/runs/run-stats.js';
import type { Run } from '../../src/features/scraping/runs/run.entity.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';

let environment: TestEnvironment;
let dataSource: DataSource;
let progress: RunProgress;
let runId: string;

beforeAll(async () => {
  environment = await createEnvironment();
  const config = loadConfig(environment.env, [databaseConfig]).get(databaseConfig);
  dataSource = await createDataSource(config).initialize();
  const limits = limitsOf('worker', config);
  progress = new RunProgress(dataSource, new Transactions(dataSource, limits, { inc: () => undefined }));
  await environment.query(
    `INSERT INTO source (slug, name, spider, start_urls) VALUES ('s', 'S', 'quotes', '{http://127.0.0.1/}')`,
  );
});

beforeEach(async () => {
  runId = randomUUID();
  await environment.query('DELETE FROM run');
  await environment.query(
    `INSERT INTO run (id, source_id, trigger, status, stats, failures) SELECT $1, id, 'api', 'pending', $2, '[]' FROM source`,
    [runId, emptyStats()],
  );
});

afterAll(async () => {
  await dataSource?.destroy();
  await environment?.dispose();
});

async function begin(): Promise<Run> {
  const run = await progress.begin(runId);
  if (!run) throw new Error('the run has ended');
  return run;
}

const failure = { url: 'http://127.0.0.1/x', code: 'fetch.status', message: 'no' };
const stored = async () => (await environment.query<Run>('SELECT * FROM run WHERE id = $1', [runId]))[0];

describe('an attempt that another has taken over', () => {
  it('can commit nothing: what it stores is rolled back', async () => {
    const first = await begin();
    const second = await begin();
    const commit = progress.commit(first, [failure], async (manager) => {
      await manager.query(`INSERT INTO tag (name) VALUES ('from the dead')`);
      return emptyStats();
    });
    await expect(commit).rejects.toMatchObject({ code: 'run.taken_over' });
    expect(await environment.query('SELECT 1 FROM tag')).toEqual([]);
    expect((await stored())?.failures).toEqual([]);

    await progress.commit(second, [failure], async () => ({ ...emptyStats(), item_scraped_count: 7 }));
    expect(await stored()).toMatchObject({ failures: [failure], stats: { item_scraped_count: 7 } });
  });

  it('can neither finish nor abandon the run', async () => {
    const first = await begin();
    await begin();
    await expect(progress.finish(first, 'succeeded', 'finished', null)).rejects.toMatchObject({
      code: 'run.taken_over',
    });
    await progress.abandon(first, new Error('late'));
    expect(await stored()).toMatchObject({ status: 'running', finished_at: null });
  });
});

describe('a commit', () => {
  it('stores nothing when storing the items fails', async () => {
    const run = await begin();
    await expect(
      progress.commit(run, [failure], async (manager) => {
        await manager.query(`INSERT INTO tag (name) VALUES ('half')`);
        throw new Error('broken');
      }),
    ).rejects.toThrow('broken');
    expect(await environment.query('SELECT 1 FROM tag')).toEqual([]);
    expect((await stored())?.failures).toEqual([]);
  });

  it('keeps the first hundred failures, however many there are', async () => {
    const run = await begin();
    for (let batch = 0; batch < 5; batch++) {
      await progress.commit(
        run,
        Array.from({ length: 60 }, () => ({ ...failure, message: String(batch) })),
        async () => emptyStats(),
      );
    }
    const kept = (await stored())?.failures.map(({ message }) => message);
    expect(kept).toEqual([...Array<string>(60).fill('0'), ...Array<string>(40).fill('1')]);
  });
});

describe('a run that has ended', () => {
  it('cannot be begun again', async () => {
    const run = await begin();
    await progress.finish(run, 'succeeded', 'finished', null);
    expect(await progress.begin(runId)).toBeUndefined();
    expect(await progress.begin(randomUUID())).toBeUndefined();
  });
});
