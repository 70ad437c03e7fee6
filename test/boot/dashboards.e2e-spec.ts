import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choicesOf, DASHBOARDS } from '../../scripts/dashboards/index.ts';
import { eventually } from '../support/eventually.js';
import { Monitored } from '../support/monitored.js';

interface Panel {
  title: string;
  targets?: { expr: string; legendFormat: string }[];
}

const FOLDER = 'docker/grafana/dashboards';
/** What Grafana puts in for its variables when somebody looks at the last minutes of everything. */
const VALUES: Readonly<Record<string, string>> = { job: 'gleaner', __rate_interval: '3m', __range: '3m' };

let monitored: Monitored;

beforeAll(async () => {
  monitored = await Monitored.start();
  await monitored.live();
  // What there is from its first time on has increased the second time only; heartbeats come every 30 seconds.
  await seen('a failure', 'sum(gleaner_task_failures_total) > 0');
  await seen('a heartbeat', 'increase(gleaner_beat_latency_seconds_count[1m]) > 0');
  await monitored.live();
  await seen('another failure', 'increase(gleaner_task_failures_total[1m]) > 0');
});

afterAll(async () => monitored?.[Symbol.asyncDispose]());

async function seen(what: string, query: string): Promise<void> {
  await eventually(what, async () => (await monitored.prometheus.query(query))[0], 50_000);
}

function filledIn(query: string): string {
  return query.replaceAll(/\$(\w+)/g, (_, name: string) => VALUES[name] ?? '.*');
}

function panelsOf(file: string): Panel[] {
  return (JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as { panels: Panel[] }).panels;
}

describe.each(readdirSync(FOLDER))('%s', (file) => {
  const spec = DASHBOARDS.find(({ name }) => file === `${name}.json`)!;
  const panels = Object.values(spec.rows).flat();
  const mayBeEmpty = new Set(panels.filter((panel) => panel.mayBeEmpty).map(({ title }) => title));
  const asking = panelsOf(file).flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ title, expr: filledIn(expr), legendFormat })),
  );

  it.each(asking)('$title: $expr', async ({ title, expr, legendFormat }) => {
    const answer = async () => monitored.prometheus.query(expr);
    if (mayBeEmpty.has(title)) await answer();
    else {
      const value = async () => (await answer()).find((sample) => !Number.isNaN(sample.value));
      const { metric } = await eventually('data', value, 5000);
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      expect(Object.keys(metric)).toEqual(expect.arrayContaining(named));
    }
  });

  it('offers what there is to choose', async () => {
    for (const { label, query } of choicesOf(spec)) {
      const [, selector] = /^label_values\((.+), \w+\)$/.exec(filledIn(query)) ?? [];
      const values = await monitored.prometheus.query(`count by (${label}) (${selector})`);
      expect(values.map(({ metric }) => metric[label] ?? '').filter(Boolean), query).not.toEqual([]);
    }
  });
});
