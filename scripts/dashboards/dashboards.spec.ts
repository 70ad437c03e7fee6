import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';
import { DASHBOARDS, dashboardOf, pageOf, type PanelSpec } from './index.ts';

const FOLDER = 'docker/grafana/dashboards';

/** Every panel of celery-exporter's dashboards (celery-mixin), and where what it shows is to be found here. */
const THEIRS: Readonly<Record<string, string>> = {
  'Overview: Workers': 'tasks/Workers',
  'Overview: Tasks Active': 'tasks/Tasks active',
  'Overview: Tasks received by workers': 'tasks/Tasks started',
  'Overview: Tasks Success Rate': 'tasks/Success rate',
  'Overview: Average Runtime for Tasks': 'tasks/Average runtime',
  'Overview: Top Failed Tasks': 'tasks/Most failures',
  'Overview: Top Task Exceptions': 'tasks/Most frequent errors',
  'Overview: Top Average Task Runtime': 'tasks/Longest average runtime',
  'Overview: Queue Length': 'tasks/Queue length',
  'Overview: Task Stats': 'tasks/Counts',
  'Overview: Task Stats, rejected': 'tasks/Rejected',
  'Overview: Tasks completed': 'tasks/What becomes of tasks',
  'Overview: Tasks Runtime': 'tasks/Runtime',
  'By task: Task Stats': 'tasks/Counts by task',
  'By task: Task Exceptions': 'tasks/Errors by task',
  'By task: Tasks completed': 'tasks/What becomes of each task',
  'By task: Tasks Runtime': 'tasks/Runtime by task',
};

/** They tell what others do, and better. */
const NOT_SHOWN = ['gleaner_cache_hit_ratio'];

const panels = DASHBOARDS.flatMap(({ name, rows }) =>
  Object.values(rows)
    .flat()
    .map((panel): [string, PanelSpec] => [`${name}/${panel.title}`, panel]),
);
const metricsDocument = readFileSync('docs/metrics.md', 'utf8');
const documented = [...metricsDocument.matchAll(/^\| `(gleaner_\w+)` +\| \w+ +\| [^|]*\| ([^|]*)/gm)].map(
  ([, name = '', help = '']) => ({ name, help }),
);

describe('docker/grafana/dashboards', () => {
  it.each(DASHBOARDS)('$name is what the code generates', async (spec) => {
    const file = `${FOLDER}/${spec.name}.json`;
    const json = JSON.stringify(dashboardOf(spec));
    const options = await resolveConfig(file, { editorconfig: true });
    await expect(await format(json, { ...options, parser: 'json' })).toMatchFileSnapshot(`../../${file}`);
  });

  it('has nothing else', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(DASHBOARDS.map(({ name }) => `${name}.json`).sort());
  });
});

describe('the panels', () => {
  /** The names of those of which something wrong can be said, each with that. */
  const faults = (of: (panel: PanelSpec) => readonly string[]): string[] =>
    panels.flatMap(([name, panel]) => of(panel).map((fault) => `${name}: ${fault}`));

  it('are called differently within a dashboard', () => {
    expect(new Set(panels.map(([name]) => name)).size).toBe(panels.length);
  });

  it('say what they show', () => {
    const silent = panels.filter(([, { description }]) => !/^[A-Z0-9].{10,}[.)]$/.test(description));
    expect(silent.map(([name]) => name)).toEqual([]);
    expect(panels.filter(([, { queries }]) => Object.keys(queries).length === 0)).toEqual([]);
  });

  it('ask for metrics that there are', () => {
    const known = new Set(documented.map(({ name }) => name));
    const unknown = faults(({ queries }) =>
      Object.values(queries)
        .flatMap((query) => query.match(/\bgleaner_\w+/g) ?? [])
        .filter((metric) => !known.has(metric.replace(/_(?:bucket|count|sum)$/, ''))),
    );
    expect(unknown).toEqual([]);
  });

  it('take the largest of what every process tells', () => {
    const ofAll = documented.filter(({ help }) => help.includes('take the max')).map(({ name }) => name);
    expect(ofAll).not.toEqual([]);
    const added = faults(({ queries }) =>
      Object.values(queries).flatMap((query) => {
        const rest = query.replaceAll(/max(?: by \([\w, ]+\) )?\(gleaner_\w+/g, '');
        return ofAll.filter((metric) => new RegExp(`\\b${metric}\\b`).test(rest));
      }),
    );
    expect(added).toEqual([]);
  });

  it('link to runbooks that there are', () => {
    const missing = faults(({ alerts = [] }) =>
      alerts.map(pageOf).filter((page) => !existsSync(`docs/runbooks/${page}`)),
    );
    expect(missing).toEqual([]);
  });

  it('are not wider than the dashboard', () => {
    for (const spec of DASHBOARDS) {
      const ends = dashboardOf(spec).panels?.map(({ gridPos }) => (gridPos?.x ?? 0) + (gridPos?.w ?? 0));
      expect(ends?.filter((end) => end > 24)).toEqual([]);
    }
  });
});

describe('the dashboards', () => {
  it('have every panel of celery-exporter', () => {
    const ours = new Set(panels.map(([name]) => name));
    expect(Object.values(THEIRS).filter((name) => !ours.has(name))).toEqual([]);
  });

  it('show every metric of ours', () => {
    const queries = panels.flatMap(([, panel]) => Object.values(panel.queries)).join('\n');
    const notShown = documented.filter(({ name }) => !new RegExp(`\\b${name}(?:_|\\b)`).test(queries));
    expect(notShown.map(({ name }) => name)).toEqual(NOT_SHOWN);
  });
});
