import { readFileSync } from 'node:fs';
import { register } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryUse } from '../../src/core/process/index.js';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { metricOf } from '../support/asking.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { LABELS } from '../support/metric-labels.js';
import { type RegisteredMetric, withTable } from '../support/metrics-document.js';
import { bootApp, type TestApp } from '../support/test-app.js';

const FILE = 'docs/metrics.md';

/** Everything that celery-exporter and Flower 2.0 export. */
const THEIRS = [
  'celery_task_sent_total',
  'celery_task_received_total',
  'celery_task_started_total',
  'celery_task_succeeded_total',
  'celery_task_failed_total',
  'celery_task_rejected_total',
  'celery_task_revoked_total',
  'celery_task_retried_total',
  'celery_task_runtime',
  'celery_worker_up',
  'celery_worker_tasks_active',
  'celery_queue_length',
  'celery_active_consumer_count',
  'celery_active_worker_count',
  'celery_active_process_count',
  'flower_events_total',
  'flower_task_prefetch_time_seconds',
  'flower_worker_prefetched_tasks',
  'flower_task_runtime_seconds',
  'flower_worker_online',
  'flower_worker_number_of_currently_executing_tasks',
];

let site: Site;
let environment: TestEnvironment;
let app: TestApp;
let metrics: readonly RegisteredMetric[];
/** The series that there are before anything was done. */
let first: ReadonlySet<string>;

beforeAll(async () => {
  site = await startSite();
  environment = await createEnvironment({ QUOTES_START_URL: site.url });
  app = await bootApp('all', environment.env);
  metrics = register.getMetricsAsArray();
  first = new Set((await series()).map(({ id }) => id));
});

afterAll(async () => {
  await app?.close();
  await environment?.dispose();
  await site?.close();
});

interface Series {
  id: string;
  metric: string;
  labels: Record<string, string>;
}

/** All series of ours, those of a histogram as one. */
async function series(): Promise<Series[]> {
  const told = await register.getMetricsAsJSON();
  return told
    .filter(({ name }) => name.startsWith('gleaner_'))
    .flatMap(({ name, values }) =>
      values.map(({ labels }) => {
        const ours = { ...(labels as Record<string, string>) };
        delete ours.le;
        return { id: `${name} ${JSON.stringify(ours)}`, metric: name, labels: ours };
      }),
    );
}

describe('docs/metrics.md', () => {
  it('has the metrics that there are', async () => {
    const document = await withTable(readFileSync(FILE, 'utf8'), metrics);
    await expect(document).toMatchFileSnapshot(`../../${FILE}`);
  });

  it('has all that celery-exporter and Flower export', () => {
    const document = readFileSync(FILE, 'utf8');
    expect(THEIRS.filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('the names of metrics', () => {
  it('begin with gleaner_, or with what prom-client gives its own', () => {
    const names = metrics.map(({ name }) => name);
    expect(names.filter((name) => !/^(?:gleaner|nodejs|process)_[a-z0-9_]+$/.test(name))).toEqual([]);
  });

  it('end with _total if they are counters, and only then', () => {
    const wrong = metrics.filter(
      ({ name, type }) => name.endsWith('_total') !== (String(type) === 'counter'),
    );
    // Some gauges of prom-client are called so, too.
    expect(wrong.map(({ name }) => name).filter((name) => name.startsWith('gleaner_'))).toEqual([]);
  });

  it('are in seconds and bytes', () => {
    const ours = metrics.filter(({ name }) => name.startsWith('gleaner_'));
    const odd =
      /_(?:ms|millis|milliseconds|minutes|hours|kb|mb|percent|created|count|sum|bucket)(?:_total)?$/;
    expect(ours.map(({ name }) => name).filter((name) => odd.test(name))).toEqual([]);
    const histograms = ours.filter(({ type }) => String(type) === 'histogram').map(({ name }) => name);
    expect(histograms.filter((name) => !/_(?:seconds|bytes|queries)$/.test(name))).toEqual([]);
  });

  it('have help, and labels that Prometheus does not use itself', () => {
    expect(metrics.filter(({ help }) => help === '').map(({ name }) => name)).toEqual([]);
    const labels = metrics.flatMap(({ labelNames = [] }) => labelNames);
    const wrong = labels.filter((label) => !/^[a-z_]+$/.test(label));
    expect([...wrong, ...labels.filter((label) => ['instance', 'job', 'le'].includes(label))]).toEqual([]);
  });
});

describe('metrics', () => {
  const value = async (name: string, ...labels: string[]) => metricOf(app.url, name, ...labels);

  it('tell the release, the mode and the Node.js', async () => {
    const labels = ['mode="all"', `node="${process.version}"`, 'version="0.'];
    expect(await value('gleaner_build_info', ...labels)).toBe(1);
  });

  it('tell of Node.js and of the process what prom-client knows, the lag of the event loop above all', async () => {
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes'])
      expect(await value(name), name).toBeGreaterThan(0);
  });

  it('tell how fast Redis answers', async () => {
    const seconds = await value('gleaner_redis_ping_seconds');
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(0.5);
    expect(await value('gleaner_redis_metrics_stale')).toBe(0);
  });

  it('tell how much of its memory the process takes, as its probe sees it', async () => {
    const ratio = await value('gleaner_memory_used_ratio');
    const { rssBytes, limitBytes } = memoryUse();
    expect(ratio).toBeGreaterThan(0);
    expect(ratio).toBeLessThan((2 * rssBytes) / limitBytes);
  });

  it('tell when the last heartbeat came', async () => {
    await expect
      .poll(async () => value('gleaner_beat_last_timestamp_seconds'), { timeout: 20_000 })
      .toBeGreaterThan(Date.now() / 1000 - 60);
  });

  it('time the commands that Redis is given, by connection', async () => {
    const commands = 'gleaner_redis_command_duration_seconds';
    for (const connection of ['shared', 'bull-client', 'workers', 'politeness'])
      expect(await value(`${commands}_count`, `connection="${connection}"`), connection).toBeGreaterThan(0);
  });

  it('begin at 0 for every source that was declared', async () => {
    await expect
      .poll(async () => (await fetch(`${app.url}/metrics`)).text(), { timeout: 5000 })
      .toContain('gleaner_scrape_runs_ended_total{source="quotes",finish_reason="suspicious"} 0\n');
  });

  it('begin at 0 for every declared task', async () => {
    expect(await (await fetch(`${app.url}/metrics`)).text()).toContain(
      'gleaner_tasks_failed_total{task="scrape.run",queue="default"} 0\n',
    );
  });

  it('tell of a worker what it does', async () => {
    expect(await value('gleaner_worker_concurrency')).toBeGreaterThan(0);
    expect(await (await fetch(`${app.url}/metrics`)).text()).toMatch(
      /gleaner_worker_tasks\{state="reserved"\} 0\n/,
    );
  });

  it('count what is scraped of each source, and tell when that last went well', async () => {
    const last = async () => value('gleaner_source_last_success_timestamp_seconds', 'source="quotes"');
    expect(await last()).toBe(0);
    const { stats } = await new Api(app.url).scrape();
    const counted = async (name: string) => value(`gleaner_scrape_${name}_total`, 'source="quotes"');
    expect(await counted('pages')).toBe(stats['downloader/response_count']);
    expect(await counted('response_bytes')).toBe(stats['downloader/response_bytes']);
    expect(await counted('items')).toBe(stats.item_scraped_count);
    expect(stats.item_scraped_count).toBeGreaterThan(0);
    await expect.poll(last, { timeout: 5000 }).toBeGreaterThan(Date.now() / 1000 - 60);
  });
});

describe('labels', () => {
  it('have a bound that is written down, and none that nobody has', () => {
    const used = new Set(metrics.filter(({ name }) => name.startsWith('gleaner_')).flatMap(labelsOf));
    expect([...used].sort()).toEqual(Object.keys(LABELS).sort());
  });

  it('keep within it, whatever clients ask for', async () => {
    for (const method of ['PROPFIND', 'GET', 'PURGE'])
      for (let n = 0; n < 30; n++) await fetch(`${app.url}/api/v1/none-${n}`, { method });
    for (const method of ['GET', 'POST', 'DELETE'])
      await fetch(`${app.url}/api/v1/sources/x/runs`, { method });
    const values = new Map<string, Set<string>>();
    for (const { metric, labels } of await series())
      for (const [label, value] of Object.entries(labels)) {
        const key = `${metric} ${label}`;
        values.set(key, (values.get(key) ?? new Set()).add(value));
      }
    const most = (key: string) => LABELS[key.split(' ')[1] ?? '']?.most ?? 0;
    expect([...values].filter(([key, of]) => of.size > most(key)).map(([key]) => key)).toEqual([]);
    const methods = [...(values.get('gleaner_http_request_duration_seconds method') ?? [])];
    expect(methods.filter((method) => method !== 'other').length).toBeLessThan(8);
    expect(values.get('gleaner_http_request_duration_seconds route')).toContain('unmatched');
  });

  it('that are known from the start have their series from the start, however much is done later', async () => {
    // By now a source has been scraped, tasks have run, and requests were refused.
    const counters = new Set(
      metrics.filter(({ type }) => String(type) === 'counter').map(({ name }) => name),
    );
    const isFree = (metric: RegisteredMetric) => labelsOf(metric).some((label) => LABELS[label]?.free);
    const free = new Set(metrics.filter(isFree).map(({ name }) => name));
    const later = (await series()).filter(({ id, metric }) => counters.has(metric) && !first.has(id));
    expect(later.filter(({ metric }) => !free.has(metric)).map(({ id }) => id)).toEqual([]);
    const begun = new Set([...first].map((id) => id.split(' ')[0]));
    expect([...counters].filter((name) => name.startsWith('gleaner_') && !free.has(name))).toEqual(
      [...counters].filter((name) => begun.has(name) && !free.has(name)),
    );
  });
});

const labelsOf = ({ labelNames = [] }: RegisteredMetric): readonly string[] => labelNames;
