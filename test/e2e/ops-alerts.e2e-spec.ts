import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlertDetailDto, AlertDto, RuleDto } from '../../src/operations/control/alerts/alert.dto.js';
import type { SilenceDto } from '../../src/operations/control/alerts/silence.dto.js';
import { age, AlertNode } from '../support/alert-node.js';
import { gleaner } from '../support/command.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { asking, Ops } from '../support/ops.js';
import { bootApp, type TestApp } from '../support/test-app.js';

let environment: TestEnvironment;
let app: TestApp;
let viewer: Ops;
let operator: Ops;

beforeAll(async () => {
  environment = await createEnvironment();
  const node = await AlertNode.start(environment.env);
  node.set('gleaner_dead_letters', { queue: 'high' }, 1);
  await node.evaluate();
  node.set('gleaner_dead_letters', { queue: 'high' }, 0);
  node.set('gleaner_dead_letters', { queue: 'low' }, 7);
  node.set('gleaner_queue_tasks', { queue: 'low', state: 'waiting' }, 101);
  await age(environment, 60);
  await node.evaluate();
  // Of each rule the earliest message only is sent at a time.
  for (let message = 0; message < 3; message++) await node.deliver();
  await node.close();
  app = await bootApp('api', environment.env);
  viewer = new Ops(app.url, 'viewer');
  operator = new Ops(app.url, 'operator');
});
afterAll(async () => {
  await app?.close();
  await environment?.dispose();
});

interface Listed {
  items: AlertDto[];
  nextCursor: string | null;
}

const list = async (parameters: Record<string, string> = {}): Promise<Listed> =>
  (await viewer.get<Listed>(asking('/alerts', parameters))).body;

describe('alerts', () => {
  it('are listed, the latest first, page by page', async () => {
    const { items } = await list();
    expect(items.map(({ rule, state, labels }) => [rule, state, labels.queue])).toEqual(
      expect.arrayContaining([
        ['DeadLettersPresent', 'resolved', 'high'],
        ['DeadLettersPresent', 'firing', 'low'],
        ['TasksPending', 'pending', 'low'],
      ]),
    );
    const pages: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Listed = await list({ limit: '1', ...(cursor !== null && { cursor }) });
      pages.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(pages).toEqual(items.map(({ id }) => id));
  });

  it('are found by state and rule', async () => {
    expect((await list({ state: 'firing', rule: 'DeadLettersPresent' })).items).toMatchObject([
      {
        severity: 'warning',
        value: 7,
        threshold: 0,
        summary: 'Tasks of the queue low that failed for good and were neither repeated nor forgotten: 7.',
        runbook: 'dead-letters-present',
        resolvedAt: null,
      },
    ]);
    expect(await viewer.get('/alerts?state=burning')).toMatchObject({ status: 400 });
  });

  it('tell who was told of them', async () => {
    const [alert] = (await list({ state: 'resolved' })).items;
    const { body } = await viewer.get<AlertDetailDto>(`/alerts/${alert?.id}`);
    expect(body.deliveries).toMatchObject([
      { channel: 'log', kind: 'firing', state: 'sent', attempts: 1, lastError: null },
      { channel: 'log', kind: 'resolved', state: 'sent' },
    ]);
    expect(await viewer.get('/alerts/00000000-0000-4000-8000-000000000000')).toMatchObject({ status: 404 });
    expect(await viewer.get('/alerts/1')).toMatchObject({ status: 400 });
  });
});

describe('rules', () => {
  it('are listed with the alerts that there are of each', async () => {
    const { items } = (await viewer.get<{ items: RuleDto[] }>('/alert-rules')).body;
    expect(items.find(({ name }) => name === 'DeadLettersPresent')).toEqual({
      name: 'DeadLettersPresent',
      severity: 'warning',
      summary:
        'Tasks of the queue {queue} that failed for good and were neither repeated nor forgotten: {value}.',
      condition: 'above',
      threshold: 0,
      unit: 'number',
      by: ['queue'],
      windowSeconds: 300,
      forSeconds: 0,
      coolDownSeconds: 1800,
      runbook: 'dead-letters-present',
      pending: 0,
      firing: 1,
    });
  });

  it('are tried: every channel is told, and the audit knows of it', async () => {
    expect(await operator.post('/alert-rules/BeatStale/test')).toMatchObject({
      status: 200,
      body: { items: [{ channel: 'log', result: 'delivered', error: null }] },
    });
    const [entry] = await environment.query<{ detail: string }>(
      `SELECT detail FROM audit_entry WHERE action = 'POST /api/v1/ops/alert-rules/BeatStale/test'`,
    );
    expect(entry?.detail).toContain('log delivered');
    expect(await operator.post('/alert-rules/NoSuchRule/test')).toMatchObject({ status: 404 });
    expect(await operator.post('/alert-rules/BeatStale/test', { severity: 'fatal' })).toMatchObject({
      status: 400,
    });
  });
});

describe('silences', () => {
  it('are made, listed and ended', async () => {
    const { status, body } = await operator.post<SilenceDto>('/alert-silences', {
      rule: 'QueueBacklogHigh',
      labels: { queue: 'low' },
      reason: 'a big import',
      seconds: 3600,
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ rule: 'QueueBacklogHigh', createdBy: 'tests operator' });
    expect((await viewer.get<{ items: SilenceDto[] }>('/alert-silences')).body.items).toEqual([body]);
    expect(await operator.delete(`/alert-silences/${body.id}`)).toBe(204);
    expect((await viewer.get<{ items: SilenceDto[] }>('/alert-silences')).body.items).toEqual([]);
    expect(await operator.delete(`/alert-silences/${body.id}`)).toBe(409);
  });

  it.each([
    [{ reason: 'x', seconds: 59 }, 400],
    [{ reason: 'x' }, 400],
    [{ seconds: 60 }, 400],
    [{ rule: 'NoSuchRule', reason: 'x', seconds: 60 }, 404],
    [{ reason: 'x', seconds: 60, labels: { queue: 1 } }, 400],
  ])('%o is refused', async (body, status) => {
    expect((await operator.post('/alert-silences', body)).status).toBe(status);
  });
});

describe('gleaner alerts', () => {
  it('shows what is wrong, and not what is over', async () => {
    const { code, out } = await gleaner('alerts', environment.env);
    expect(code, out).toBe(0);
    expect(out).toMatch(/^ALERT +STATE +SEVERITY +SINCE +TOLD +LABELS +WHAT +ID/);
    expect(out).toMatch(/^DeadLettersPresent +firing +warning/m);
    expect(out).not.toContain('resolved');
    expect((await gleaner('alerts --all', environment.env)).out).toContain('resolved');
  });

  it('silences them, and ends that', async () => {
    const made = await gleaner(
      ['alerts', 'silence', '--label', 'queue=low', '--for', '2h', '--reason', 'we know', '--json'],
      environment.env,
    );
    const { id } = JSON.parse(made.out) as { id: string };
    expect((await gleaner('alerts silences', environment.env)).out).toMatch(/^all +queue=low +20/m);
    expect((await gleaner(`alerts unsilence ${id}`, environment.env)).code).toBe(0);
    const entries = await environment.query(
      `SELECT 1 FROM audit_entry WHERE action IN ('cli.alerts.silence', 'cli.alerts.unsilence')`,
    );
    expect(entries).toHaveLength(2);
  });

  it.each([
    ['alerts silence --for 2h --reason x', 'Which of them?'],
    ['alerts silence --rule NoSuchRule --for 2h --reason x', 'there is no rule "NoSuchRule"'],
    ['alerts silence --rule BeatStale --for 2w --reason x', 'Expected a time as 90s, 5m, 2h or 1d'],
    ['alerts show 12', 'expected one as the list shows it'],
  ])('%s is not understood, and says why', async (line, why) => {
    const { code, out } = await gleaner(line, environment.env);
    expect(code).toBe(2);
    expect(out).toContain(why);
  });

  it('prints the rules for Prometheus', async () => {
    const { out } = await gleaner('alerts prometheus-rules', environment.env);
    expect(out).toMatch(/^groups:\n {2}- name: gleaner\n {4}rules:\n {6}- alert: TaskFailureRateHigh/);
  });
});
