import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Silences } from '../../src/platform/alerting/index.js';
import { age, AlertNode, alertsOf, messagesFor } from '../support/alert-node.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';

let environment: TestEnvironment;
let node: AlertNode;

beforeEach(async () => {
  environment = await createEnvironment();
});
afterEach(async () => {
  await node?.close();
  await environment?.dispose();
});

const TASK = { task: 'scrape.run', queue: 'default' };
const end = (failed: number, succeeded: number, labels = TASK): void => {
  node.count('gleaner_tasks_failed_total', labels, failed);
  node.count('gleaner_tasks_succeeded_total', labels, succeeded);
};
const wait = (count: number, queue = 'low'): void =>
  node.set('gleaner_queue_tasks', { queue, state: 'waiting' }, count);
const kinds = async (rule: string, channel = 'log'): Promise<string[]> =>
  (await messagesFor(environment, channel, rule)).map(({ kind }) => kind);

describe('rates over the cluster', () => {
  it('make an alert of each task for which they are beyond the threshold, and of no other', async () => {
    node = await AlertNode.start(environment.env);
    end(2, 38);
    end(3, 37, { task: 'beat.heartbeat', queue: 'high' });
    await node.evaluate();
    expect(await alertsOf(environment, 'TaskFailureRateHigh')).toMatchObject([
      { state: 'firing', labels: { task: 'beat.heartbeat' }, severity: 'warning', told: true },
    ]);
    expect(await messagesFor(environment, 'log', 'TaskFailureRateHigh')).toMatchObject([
      {
        kind: 'firing',
        severity: 'warning',
        runbook: 'docs/runbooks/task-failure-rate-high.md',
        alerts: [{ summary: '7.5 % of the tasks beat.heartbeat that ended failed for good.', value: 0.075 }],
      },
    ]);
  });

  it('are critical for tasks that must not fail', async () => {
    node = await AlertNode.start(environment.env);
    end(20, 20);
    await node.evaluate();
    expect(await alertsOf(environment, 'TaskFailureRateHigh')).toMatchObject([{ severity: 'critical' }]);
  });

  it('are not known of few', async () => {
    node = await AlertNode.start(environment.env);
    end(19, 0);
    await node.evaluate();
    expect(await alertsOf(environment, 'TaskFailureRateHigh')).toEqual([]);
  });

  it('are what all processes have counted, each once', async () => {
    node = await AlertNode.start(environment.env);
    end(1, 19);
    await node.evaluate();
    await node.evaluate();
    await node.close();
    // Another process, whose counters begin at 0.
    node = await AlertNode.start(environment.env);
    end(2, 18);
    await node.evaluate();
    const [message] = await messagesFor(environment, 'log', 'TaskFailureRateHigh');
    expect(message?.alerts[0]?.value).toBe(3 / 40);
  });

  it('take the quantile of all answers that are timed', async () => {
    node = await AlertNode.start({
      ...environment.env,
      ALERT_RULES_FILE: await rulesFile('RequestLatencyHigh: { forSeconds: 0 }'),
    });
    const { register } = await import('prom-client');
    const histogram = register.getSingleMetric('gleaner_http_request_duration_seconds') as unknown as {
      observe(labels: object, value: number): void;
    };
    const answer = (route: string, seconds: number) =>
      histogram.observe({ method: 'GET', route, status: '2xx' }, seconds);
    for (let n = 0; n < 94; n++) answer('/api/v1/quotes', 0.01);
    for (let n = 0; n < 60; n++) answer('/api/v1/ops/events', 5);
    await node.evaluate();
    expect(await alertsOf(environment, 'RequestLatencyHigh')).toEqual([]);
    for (let n = 0; n < 6; n++) answer('/api/v1/quotes', 2);
    await node.evaluate();
    const [message] = await messagesFor(environment, 'log', 'RequestLatencyHigh');
    expect(message?.alerts[0]?.value).toBeCloseTo(1.25, 2);
  });
});

describe('an alert', () => {
  beforeEach(async () => {
    node = await AlertNode.start(environment.env);
  });

  it('is pending until its condition has held for long enough, fires, and is resolved', async () => {
    wait(1001);
    await node.evaluate();
    expect(await alertsOf(environment, 'QueueBacklogHigh')).toMatchObject([
      { state: 'pending', told: false },
    ]);
    await age(environment, 59);
    await node.evaluate();
    expect(await alertsOf(environment, 'QueueBacklogHigh')).toMatchObject([{ state: 'pending' }]);
    await age(environment, 1);
    await node.evaluate();
    expect(await alertsOf(environment, 'QueueBacklogHigh')).toMatchObject([{ state: 'firing', told: true }]);
    await node.evaluate();
    wait(1000);
    await node.evaluate();
    expect(await alertsOf(environment, 'QueueBacklogHigh')).toMatchObject([{ state: 'resolved' }]);
    expect(await kinds('QueueBacklogHigh')).toEqual(['firing', 'resolved']);
  });

  it('that never fired is forgotten, and nobody was told', async () => {
    wait(1001);
    await node.evaluate();
    wait(0);
    await node.evaluate();
    expect(await alertsOf(environment, 'QueueBacklogHigh')).toEqual([]);
    expect(await kinds('QueueBacklogHigh')).toEqual([]);
  });

  it('stays what it is while what it is about is not known', async () => {
    node.set('gleaner_dead_letters', { queue: 'low' }, 3);
    await node.evaluate();
    node.set('gleaner_dead_letters', { queue: 'low' }, 0);
    node.set('gleaner_dead_letter_metrics_stale', {}, 1);
    await node.evaluate();
    expect(await alertsOf(environment, 'DeadLettersPresent')).toMatchObject([{ state: 'firing' }]);
    node.set('gleaner_dead_letter_metrics_stale', {}, 0);
    await node.evaluate();
    expect(await alertsOf(environment, 'DeadLettersPresent')).toMatchObject([{ state: 'resolved' }]);
  });

  it('is one of those of its rule that are told of together', async () => {
    for (const queue of ['high', 'default', 'low']) wait(1001, queue);
    await node.evaluate();
    await age(environment, 60);
    await node.evaluate();
    const messages = await messagesFor(environment, 'log', 'QueueBacklogHigh');
    expect(messages.map(({ alerts }) => new Set(alerts.map(({ labels }) => labels.queue)))).toEqual([
      new Set(['high', 'default', 'low']),
    ]);
  });

  it('that comes and goes is told of once within the time in which its rule cools down', async () => {
    const flap = async (): Promise<void> => {
      node.set('gleaner_dead_letters', { queue: 'low' }, 1);
      await node.evaluate();
      node.set('gleaner_dead_letters', { queue: 'low' }, 0);
      await node.evaluate();
    };
    await flap();
    await flap();
    await flap();
    expect(await alertsOf(environment, 'DeadLettersPresent')).toHaveLength(3);
    expect(await kinds('DeadLettersPresent')).toEqual(['firing', 'resolved']);
    await age(environment, 30 * 60);
    await flap();
    expect(await kinds('DeadLettersPresent')).toEqual(['firing', 'resolved', 'firing', 'resolved']);
  });

  it('that still fires when its rule has cooled down is told of then', async () => {
    node.set('gleaner_dead_letters', { queue: 'low' }, 1);
    await node.evaluate();
    node.set('gleaner_dead_letters', { queue: 'low' }, 0);
    await node.evaluate();
    node.set('gleaner_dead_letters', { queue: 'low' }, 2);
    await node.evaluate();
    await age(environment, 30 * 60);
    await node.evaluate();
    expect(await kinds('DeadLettersPresent')).toEqual(['firing', 'resolved', 'firing']);
  });

  it('that goes on and on is told of again and again', async () => {
    node.set('gleaner_dead_letters', { queue: 'low' }, 1);
    await node.evaluate();
    await age(environment, 4 * 3600 - 60);
    await node.evaluate();
    await age(environment, 60);
    await node.evaluate();
    expect(await kinds('DeadLettersPresent')).toEqual(['firing', 'still_firing']);
  });

  it('is told of to nobody while it is silenced, and then if it still fires', async () => {
    const silences = node.get(Silences);
    const silence = { reason: 'we know', createdBy: 'a test', endsAt: new Date(Date.now() + 60_000) };
    await silences.create({ ...silence, rule: 'QueueBacklogHigh', labels: {} });
    await silences.create({ ...silence, rule: null, labels: { queue: 'high' } });
    const { id } = await silences.create({
      ...silence,
      rule: 'DeadLettersPresent',
      labels: { queue: 'low' },
    });
    for (const queue of ['low', 'default']) node.set('gleaner_dead_letters', { queue }, 1);
    await node.evaluate();
    expect(await alertsOf(environment, 'DeadLettersPresent')).toMatchObject([
      { labels: { queue: 'default' }, state: 'firing', told: true },
      { labels: { queue: 'low' }, state: 'firing', told: false },
    ]);
    await silences.end(id);
    await node.evaluate();
    const messages = await messagesFor(environment, 'log', 'DeadLettersPresent');
    expect(messages.map(({ alerts }) => alerts.map(({ labels }) => labels.queue))).toEqual([
      ['default'],
      ['low'],
    ]);
  });
});

describe('rules', () => {
  it('are what the file makes of them', async () => {
    const file = await rulesFile(
      'QueueBacklogHigh: { threshold: 5, forSeconds: 0, severity: info }',
      'DeadLettersPresent: { enabled: false }',
    );
    node = await AlertNode.start({ ...environment.env, ALERT_RULES_FILE: file });
    wait(6);
    node.set('gleaner_dead_letters', { queue: 'low' }, 1);
    await node.evaluate();
    expect(await alertsOf(environment, 'QueueBacklogHigh')).toMatchObject([
      { state: 'firing', severity: 'info', told: true },
    ]);
    expect(await alertsOf(environment, 'DeadLettersPresent')).toEqual([]);
  });

  it('that are switched off end their alerts, and say so', async () => {
    node = await AlertNode.start(environment.env);
    node.set('gleaner_dead_letters', { queue: 'low' }, 1);
    await node.evaluate();
    await node.close();
    const file = await rulesFile('DeadLettersPresent: { enabled: false }');
    node = await AlertNode.start({ ...environment.env, ALERT_RULES_FILE: file });
    await node.evaluate();
    expect(await alertsOf(environment, 'DeadLettersPresent')).toMatchObject([{ state: 'resolved' }]);
    expect(await kinds('DeadLettersPresent')).toEqual(['firing', 'resolved']);
  });
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gleaner-rules-'));
});
afterEach(async () => rm(folder, { recursive: true }));

async function rulesFile(...rules: string[]): Promise<string> {
  const file = join(folder, 'rules.yaml');
  writeFileSync(file, ['rules:', ...rules.map((rule) => `  ${rule}`)].join('\n'));
  return Promise.resolve(file);
}
