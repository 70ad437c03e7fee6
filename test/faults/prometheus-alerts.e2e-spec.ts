import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findFreePort } from '../../scripts/services/index.ts';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { Prometheus } from '../support/prometheus.js';

interface Rule {
  alert: string;
  for?: string;
}

let environment: TestEnvironment;
let folder: string;
let prometheus: Prometheus;
let scheduler: GleanerProcess;
let worker: GleanerProcess;
let ports: { worker: number; scheduler: number };

/** The rules as they are, but that nothing has to last before it is an alert. */
async function impatientRules(): Promise<string> {
  const rules = parse(await readFile('docker/prometheus/rules/gleaner.yml', 'utf8')) as {
    groups: { rules: Rule[] }[];
  };
  for (const group of rules.groups) for (const rule of group.rules) if (rule.for) rule.for = '1s';
  return JSON.stringify(rules);
}

async function launch(mode: 'worker' | 'scheduler'): Promise<GleanerProcess> {
  const app = GleanerProcess.spawn({ ...environment.env, MODE: mode, PORT: String(ports[mode]) });
  await app.listening();
  return app;
}

async function firing(): Promise<string[]> {
  const alerts = await prometheus.alerts();
  return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname ?? '');
}

beforeAll(async () => {
  environment = await createEnvironment({ LOG_LEVEL: 'info', WORKERS_EXPECTED: '1' });
  ports = { worker: await findFreePort(), scheduler: await findFreePort() };
  folder = await mkdtemp(join(tmpdir(), 'gleaner-rules-'));
  await writeFile(join(folder, 'gleaner.yml'), await impatientRules());
  scheduler = await launch('scheduler');
  worker = await launch('worker');
  prometheus = await Prometheus.start({
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [join(folder, 'gleaner.yml')],
    scrape_configs: [
      {
        job_name: 'gleaner',
        static_configs: [{ targets: Object.values(ports).map((port) => `127.0.0.1:${port}`) }],
      },
    ],
  });
});

afterAll(async () => {
  for (const app of [worker, scheduler]) {
    app?.kill('SIGTERM');
    await app?.exit();
  }
  await prometheus?.stop();
  await environment?.dispose();
  await rm(folder, { recursive: true });
});

it('a killed worker is told of by Prometheus, and no more once there is another', async () => {
  await eventually(
    'the worker and its first heartbeat to be seen, and all to be well',
    async () => {
      const [seen] = await prometheus.query(
        'max(gleaner_workers{state="online"}) == 1 and max(gleaner_beat_last_timestamp_seconds) > 0',
      );
      const alerts = await firing();
      return seen && alerts.length === 1 && alerts[0] === 'Watchdog' ? true : undefined;
    },
    50_000,
  );

  worker.kill('SIGKILL');
  await worker.exit();
  await eventually(
    'it to be missed',
    async () => {
      const alerts = await firing();
      const wanted = ['GleanerDown', 'WorkerLost', 'WorkersBelowExpected'];
      return wanted.every((alert) => alerts.includes(alert)) ? true : undefined;
    },
    50_000,
  );
  const down = (await prometheus.alerts()).find(({ labels }) => labels.alertname === 'GleanerDown');
  const instance = `127.0.0.1:${ports.worker}`;
  expect(down?.labels).toMatchObject({ severity: 'critical', instance });
  expect(down?.annotations).toMatchObject({
    summary: `The process ${instance} does not answer.`,
    runbook_url: expect.stringMatching(/gleaner-down\.md$/) as string,
  });

  worker = await launch('worker');
  await eventually(
    'it to be back',
    async () => {
      const alerts = await firing();
      return alerts.includes('GleanerDown') || alerts.includes('WorkersBelowExpected') ? undefined : true;
    },
    50_000,
  );
});
