import { createHmac } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestFire } from '../../src/platform/alerting/index.js';
import { age, AlertNode } from '../support/alert-node.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { MailServer } from '../support/mail-server.js';
import { WebServer } from '../support/web-server.js';

const SECRET = `whsec_${Buffer.from('a key of thirty-two bytes, or so').toString('base64')}`;

/** What channels send, as far as tests look at it. */
interface Sent {
  readonly text: string;
  readonly blocks: readonly { readonly text: { readonly text: string } }[];
  readonly kind: string;
  readonly rule: string;
  readonly alerts: readonly { readonly labels: object }[];
  readonly event_action: string;
  readonly dedup_key: string;
}

interface Received {
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: Sent;
  raw: string;
}

let web: WebServer;
let mail: MailServer;
let environment: TestEnvironment;
let node: AlertNode;
let received: Received[];
/** What a path answers; 200 if it is not here, and nothing at all if it is null. */
const answers = new Map<string, { status: number; headers?: Record<string, string>; body?: string } | null>();

beforeAll(async () => {
  web = await WebServer.start();
  mail = await MailServer.start('pass:word');
  web.answer = (request, response) => {
    void buffer(request).then((body) => {
      const path = request.url ?? '';
      const raw = body.toString('utf8');
      received.push({ path, headers: request.headers, body: JSON.parse(raw) as Sent, raw });
      const answer = answers.get(path);
      if (answer === null) return;
      response.writeHead(answer?.status ?? 200, answer?.headers);
      response.end(answer?.body);
    });
  };
});
afterAll(async () => {
  await web?.close();
  await mail?.close();
});

beforeEach(async () => {
  received = [];
  answers.clear();
  mail.mails.length = 0;
  mail.refusal = undefined;
  environment = await createEnvironment();
  node = await AlertNode.start({
    ...environment.env,
    ALERT_SLACK_WEBHOOK_URL: `${web.origin}/slack`,
    ALERT_PAGERDUTY_ROUTING_KEY: 'routing-key',
    ALERT_PAGERDUTY_URL: `${web.origin}/pagerduty`,
    ALERT_SMTP_URL: `smtp://gleaner:${encodeURIComponent('pass:word')}@127.0.0.1:${mail.port}`,
    ALERT_EMAIL_FROM: 'gleaner@example.org',
    ALERT_EMAIL_TO: 'ops@example.org, boss@example.org',
    ALERT_WEBHOOK_URL: `${web.origin}/webhook`,
    ALERT_WEBHOOK_SECRET: SECRET,
    ALERT_HEARTBEAT_URL: `${web.origin}/heartbeat`,
    ALERT_RUNBOOKS_URL: 'https://example.org/runbooks/',
  });
});
afterEach(async () => {
  await node?.close();
  await environment?.dispose();
});

const to = (path: string) => received.filter((one) => one.path === `/${path}`);
const failing = async (): Promise<void> => {
  node.set('gleaner_dead_letters', { queue: 'low' }, 2);
  await node.evaluate();
};
const mended = async (): Promise<void> => {
  node.set('gleaner_dead_letters', { queue: 'low' }, 0);
  await node.evaluate();
};
const backlog = async (queues: string[], count = 2000): Promise<void> => {
  for (const queue of queues) node.set('gleaner_queue_tasks', { queue, state: 'waiting' }, count);
  await node.evaluate();
  await age(environment, 60);
  await node.evaluate();
};
const states = (channel: string) =>
  environment.query<{ state: string; attempts: number; last_error: string | null }>(
    'SELECT state, attempts, last_error FROM alert_notification WHERE channel = $1 ORDER BY seq',
    [channel],
  );
/** As if the time of all that is tried again had come. */
const dueNow = () => environment.query(`UPDATE alert_notification SET next_attempt_at = now()`);

describe('an alert and its end', () => {
  it('reach Slack, mail and webhook, and no pager unless it is critical', async () => {
    await failing();
    await node.deliver();
    await mended();
    await node.deliver();
    expect(to('slack').map(({ body }) => body.text)).toEqual([
      '[FIRING] warning: DeadLettersPresent: Tasks of the queue low that failed for good and were neither repeated nor forgotten: 2.',
      expect.stringMatching(/^\[RESOLVED\] warning: DeadLettersPresent: /),
    ]);
    expect(to('slack')[0]?.body.blocks[1]?.text.text).toContain(
      'https://example.org/runbooks/dead-letters-present.md',
    );
    expect(to('webhook').map(({ body }) => body)).toMatchObject([
      {
        kind: 'firing',
        rule: 'DeadLettersPresent',
        severity: 'warning',
        runbook: 'https://example.org/runbooks/dead-letters-present.md',
        alerts: [{ labels: { queue: 'low' }, value: 2, threshold: 0, resolvedAt: null }],
      },
      { kind: 'resolved', alerts: [{ labels: { queue: 'low' }, resolvedAt: expect.any(String) }] },
    ]);
    expect(mail.mails).toMatchObject([
      { from: 'gleaner@example.org', to: ['ops@example.org', 'boss@example.org'] },
      {},
    ]);
    expect(mail.mails[0]?.text).toMatch(/^Subject: \[FIRING\] warning: DeadLettersPresent/m);
    expect(to('pagerduty')).toEqual([]);
  });

  it('are one incident each of the pager when they are critical', async () => {
    await backlog(['high', 'low']);
    await node.deliver();
    await backlog(['high', 'low'], 0);
    await node.deliver();
    // Of each alert the earliest message only is sent at a time.
    await node.deliver();
    const events = to('pagerduty').map(({ body }) => body);
    const triggers = events.filter(({ event_action }) => event_action === 'trigger');
    const resolves = events.filter(({ event_action }) => event_action === 'resolve');
    expect(triggers).toMatchObject([
      { routing_key: 'routing-key', payload: { severity: 'critical', class: 'QueueBacklogHigh' } },
      { routing_key: 'routing-key', payload: { severity: 'critical', class: 'QueueBacklogHigh' } },
    ]);
    const keys = triggers.map(({ dedup_key }) => dedup_key);
    expect(new Set(keys).size).toBe(2);
    expect(resolves.map(({ dedup_key }) => dedup_key).sort()).toEqual([...keys].sort());
    // All others are told of both together.
    expect(to('slack')).toHaveLength(2);
  });

  it('are signed for the webhook as Standard Webhooks say, with the same id each time', async () => {
    answers.set('/webhook', { status: 500 });
    await failing();
    await node.deliver();
    answers.clear();
    await dueNow();
    await node.deliver();
    const [first, second] = to('webhook');
    expect(first?.headers['webhook-id']).toBe(second?.headers['webhook-id']);
    for (const { headers, raw } of to('webhook')) {
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${raw}`;
      const key = Buffer.from(SECRET.slice(6), 'base64');
      expect(headers['webhook-signature']).toBe(
        `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
      );
    }
  });
});

describe('a channel that fails', () => {
  it('is tried again, later each time, until it takes the message; in order', async () => {
    answers.set('/slack', { status: 503 });
    await failing();
    await node.deliver();
    await mended();
    await node.deliver();
    expect(to('slack')).toHaveLength(1);
    expect(await states('slack')).toMatchObject([
      { state: 'pending', attempts: 1, last_error: 'It was answered with status 503.' },
      { state: 'pending', attempts: 0 },
    ]);
    await dueNow();
    await node.deliver();
    expect(to('slack')).toHaveLength(2);
    answers.clear();
    await dueNow();
    await node.deliver();
    await node.deliver();
    expect(to('slack').map(({ body }) => body.text.slice(0, 10))).toEqual([
      '[FIRING] w',
      '[FIRING] w',
      '[FIRING] w',
      '[RESOLVED]',
    ]);
    expect((await states('slack')).map(({ state, attempts }) => [state, attempts])).toEqual([
      ['sent', 3],
      ['sent', 1],
    ]);
  });

  it('is given up at once when it will never take the message, and says so in an alert', async () => {
    answers.set('/slack', { status: 404, body: 'no_service' });
    await failing();
    await node.deliver();
    expect(await states('slack')).toMatchObject([
      { state: 'failed', attempts: 1, last_error: 'It was answered with status 404: no_service.' },
    ]);
    await node.evaluate();
    await node.deliver();
    expect(to('webhook').map(({ body }) => [body.rule, body.alerts[0]?.labels])).toEqual([
      ['DeadLettersPresent', { queue: 'low' }],
      ['NotificationsFailing', { channel: 'slack' }],
    ]);
  });

  it('is left alone for as long as it asks for', async () => {
    answers.set('/slack', { status: 429, headers: { 'retry-after': '1800' } });
    await failing();
    await node.deliver();
    const [row] = await environment.query<{ seconds: number }>(
      `SELECT extract(epoch FROM next_attempt_at - now())::float8 AS seconds FROM alert_notification
       WHERE channel = 'slack'`,
    );
    expect(row?.seconds).toBeGreaterThan(1700);
  });

  it('or hangs holds up neither the others nor the evaluation', async () => {
    answers.set('/slack', null);
    await failing();
    const { Dispatcher } = await import('../../src/platform/alerting/notifying/dispatcher.js');
    await node.get(Dispatcher).runOnce();
    await eventually('the webhook', async () => to('webhook')[0]);
    await eventually('the mail', async () => mail.mails[0]);
    await mended();
    await eventually('the end', async () => {
      await node.get(Dispatcher).runOnce();
      return to('webhook')[1];
    });
    expect(to('slack')).toHaveLength(1);
    expect(await states('slack')).toMatchObject([{ state: 'pending' }, { state: 'pending' }]);
    web.closeConnections();
  });

  it('of mail: a passing refusal is tried again, a lasting one is not', async () => {
    mail.refusal = { code: 451, message: 'later' };
    await failing();
    await node.deliver();
    expect(await states('email')).toMatchObject([{ state: 'pending' }]);
    mail.refusal = { code: 550, message: 'no such mailbox' };
    await dueNow();
    await node.deliver();
    expect(await states('email')).toMatchObject([
      { state: 'failed', last_error: expect.stringContaining('no such mailbox') },
    ]);
  });

  it('never shows the secret by which it is reached', async () => {
    for (const path of ['/slack', '/webhook', '/pagerduty']) answers.set(path, { status: 500 });
    mail.refusal = { code: 550, message: 'no' };
    await failing();
    await node.deliver();
    const errors = await environment.query('SELECT last_error FROM alert_notification');
    expect(JSON.stringify(errors)).not.toMatch(/127\.0\.0\.1|routing-key|pass:word|whsec_/);
  });
});

describe('a test', () => {
  it('tells all channels at once, and what came of it at each', async () => {
    answers.set('/webhook', { status: 403, body: 'who are you?' });
    const results = await node.get(TestFire).fire('BeatStale');
    expect(results).toEqual([
      { channel: 'log', result: 'delivered', durationMs: expect.any(Number), error: null },
      { channel: 'slack', result: 'delivered', durationMs: expect.any(Number), error: null },
      { channel: 'pagerduty', result: 'delivered', durationMs: expect.any(Number), error: null },
      { channel: 'email', result: 'delivered', durationMs: expect.any(Number), error: null },
      {
        channel: 'webhook',
        result: 'failed',
        durationMs: expect.any(Number),
        error: 'It was answered with status 403: who are you?.',
      },
    ]);
    // Whoever is on call is not called for longer than that.
    expect(to('pagerduty').map(({ body }) => body.event_action)).toEqual(['trigger', 'resolve']);
    expect(to('slack')[0]?.body.text).toMatch(/^\[TEST\] critical: BeatStale: This is a test/);
    expect(await environment.query('SELECT 1 FROM alert')).toEqual([]);
  });
});

describe("the dead-man's switch", () => {
  it('is told that rules were evaluated, once a minute', async () => {
    await node.evaluate();
    await node.evaluate();
    expect(to('heartbeat')).toHaveLength(1);
  });
});
