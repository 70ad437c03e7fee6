import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { Alertmanager, type AlertmanagerConfiguration } from '../support/alertmanager.js';
import { readCompose } from '../support/compose-file.js';
import { eventually } from '../support/eventually.js';
import { prometheusProgram } from '../support/prometheus.js';

const TESTS = ['gleaner', 'sources'].map((name) => `docker/prometheus/tests/${name}.yml`);
const ALERTMANAGER = 'docker/alertmanager/alertmanager.yml';

/** One of promtool's, as far as it is read here. */
interface RuleTest {
  name: string;
  promql_expr_test: { exp_samples: { labels: string }[] }[];
}

/** What a program says; rejects with that when it finds fault. */
async function run(program: 'promtool' | 'amtool', ...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(await prometheusProgram(program), args);
  return stdout + stderr;
}

it('Prometheus understands its configuration, and the rules that it names', async () => {
  expect(await run('promtool', 'check', 'config', 'docker/prometheus/prometheus.yml')).toContain('SUCCESS');
});

describe('the alert rules', () => {
  it('fire when they should, and do not when they should not', async () => {
    expect(await run('promtool', 'test', 'rules', ...TESTS)).toContain('SUCCESS');
  });

  it('are all tested both ways', () => {
    const { groups } = parse(readFileSync('docker/prometheus/rules/gleaner.yml', 'utf8')) as {
      groups: { rules: { alert: string }[] }[];
    };
    const tests = TESTS.flatMap((file) => (parse(readFileSync(file, 'utf8')) as { tests: RuleTest[] }).tests);
    const ways = tests.map(({ name, promql_expr_test: expectations }) => {
      const expected = expectations.flatMap(({ exp_samples: samples }) =>
        samples.map(({ labels }) => labels),
      );
      const [alert = '', verb] = name.split(' ');
      return `${alert} ${expected.some((labels) => labels.includes(`"${alert}"`)) ? 'fires' : 'does'}=${verb}`;
    });
    const wanted = groups.flatMap(({ rules }) =>
      rules.flatMap(({ alert }) =>
        // It always fires.
        alert === 'Watchdog' ? [`${alert} fires=fires`] : [`${alert} fires=fires`, `${alert} does=does`],
      ),
    );
    expect(new Set(ways)).toEqual(new Set(wanted));
  });
});

it('Alertmanager understands its configuration', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gleaner-amtool-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // Debian's is older than the image, and does not know yet that the URL of a webhook may be in a file.
  const [, version] = /:v0\.(\d+)\./.exec(readCompose().services.alertmanager?.image ?? '') ?? [];
  expect(Number(version)).toBeGreaterThanOrEqual(26);
  const configuration = readFileSync(ALERTMANAGER, 'utf8');
  expect(configuration.match(/ url_file: \S+/g)).toHaveLength(1);
  const older = join(folder, 'alertmanager.yml');
  writeFileSync(older, configuration.replace(/ url_file: \S+/, ' url: http://127.0.0.1'));
  expect(await run('amtool', 'check-config', older)).toContain('SUCCESS');
});

it('Alertmanager tells whom it should, and leaves out what only follows from something worse', async () => {
  const configuration = parse(readFileSync(ALERTMANAGER, 'utf8')) as AlertmanagerConfiguration;
  await using alertmanager = await Alertmanager.start(configuration);
  const [here, there] = ['10.0.0.1:3000', '10.0.0.2:3000'];
  await alertmanager.fire([
    { labels: { alertname: 'GleanerDown', severity: 'critical', instance: here } },
    { labels: { alertname: 'RedisUnavailable', severity: 'critical' } },
    { labels: { alertname: 'Watchdog', severity: 'none' } },
    { labels: { alertname: 'MemoryHigh', severity: 'warning', instance: here } },
    { labels: { alertname: 'EventLoopBlocked', severity: 'warning', instance: there } },
    { labels: { alertname: 'BeatStale', severity: 'critical' } },
    { labels: { alertname: 'HostsUnreachable', severity: 'info' } },
    { labels: { alertname: 'QueueBacklogHigh', severity: 'critical', queue: 'low' } },
    { labels: { alertname: 'TasksPending', severity: 'warning', queue: 'low' } },
  ]);
  expect(await alertmanager.inhibited()).toEqual(['BeatStale', 'MemoryHigh', 'TasksPending']);
  const told: Record<string, string[]> = {
    'dead-mans-switch': ['Watchdog'],
    pagerduty: ['GleanerDown', 'QueueBacklogHigh', 'RedisUnavailable'],
    chat: ['EventLoopBlocked', 'GleanerDown', 'HostsUnreachable', 'QueueBacklogHigh', 'RedisUnavailable'],
  };
  for (const [receiver, alerts] of Object.entries(told)) {
    const all = async () => (alertmanager.toldOf(receiver).length >= alerts.length ? true : undefined);
    await eventually(`${receiver} to be told`, all);
    expect(alertmanager.toldOf(receiver)).toEqual(alerts);
  }
});
