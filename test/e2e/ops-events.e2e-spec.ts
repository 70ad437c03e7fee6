import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EventClient, type ReceivedEvent } from '../support/event-client.js';
import { eventually } from '../support/eventually.js';
import { labTasks } from '../support/task-lab/lab-tasks.js';
import { type LabProcess, TaskLab } from '../support/task-lab/task-lab.js';

const STREAMS = 4;
let lab: TaskLab;
/** API, worker and scheduler in one: it tells of workers, and is another process that can be asked. */
let other: LabProcess;

beforeAll(async () => {
  lab = await TaskLab.open({ OPS_EVENT_STREAMS_AT_ONCE: String(STREAMS) });
});
afterEach(async () => lab.clear());
afterAll(async () => lab?.[Symbol.asyncDispose]());

const startOther = async (): Promise<string> => {
  other = await lab.start({ MODE: 'all' });
  return /listens on (http:\/\/[^\s"]+)/.exec(other.log)?.[1] ?? '';
};
const isEndOf = (id: string) => (event: ReceivedEvent) =>
  event.data.id === id && event.data.state === 'succeeded';
const idsOf = (client: EventClient): string[] =>
  client.events.filter(({ event }) => event !== 'ready').map(({ id }) => id);

describe('following what changes', () => {
  it('tells what a task is, until it has ended, without what it was sent with', async () => {
    await using client = await EventClient.open(lab.url);
    expect(client.answer.headers.get('content-type')).toBe('text/event-stream');
    expect(client.answer.headers.get('cache-control')).toBe('no-store');
    await lab.start();
    const { id } = await lab.tasks.enqueue(labTasks.work, { ms: 1000, secret: 'shh' });
    const events = await client.until('its end', isEndOf(id));
    const states = client.statesOf(id);
    expect(states).toContain('active');
    expect(states.at(-1)).toBe('succeeded');
    const revisions = events.filter(({ data }) => data.id === id).map(({ data }) => Number(data.revision));
    expect(Math.max(...revisions)).toBe(revisions.at(-1));
    expect(events.at(-1)?.data).toMatchObject({
      kind: 'task',
      name: 'lab.work',
      queue: 'default',
      attempt: 1,
      starts: 1,
      runtimeMs: expect.any(Number) as number,
      finishedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
    expect(JSON.stringify(events)).not.toContain('shh');
  });

  it('tells of a failure, and of what was withdrawn', async () => {
    await using client = await EventClient.open(lab.url, '?kind=task');
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'not-begun' });
    await client.until('it waits', ({ data }) => data.id === 'not-begun');
    await lab.revocations.revoke(['not-begun']);
    await client.until('its end', ({ data }) => data.id === 'not-begun' && data.state === 'revoked');
    await lab.start();
    await lab.tasks.enqueue(labTasks.fail, { message: 'no such luck' }, { id: 'failing' });
    const events = await client.until(
      'failure',
      ({ data }) => data.id === 'failing' && data.state === 'failed',
    );
    expect(events.at(-1)?.data).toMatchObject({ errorClass: 'TypeError', errorMessage: 'no such luck' });
  });

  it('tells when a worker comes, works otherwise, is lost, and stops', async () => {
    const url = await startOther();
    await using client = await EventClient.open(url, '?kind=worker');
    const lost = await lab.start();
    const idOf = (process: LabProcess): string => String(process.lines('worker takes tasks')[0]?.workerId);
    const isNow = (process: LabProcess, state: string) => (event: ReceivedEvent) =>
      event.data.id === idOf(process) && event.data.state === state;
    const came = await client.until('it comes', isNow(lost, 'online'));
    expect(came.at(-1)?.data).toMatchObject({
      queues: ['high', 'default', 'low'],
      concurrency: 10,
      mode: 'worker',
    });
    const stopping = await lab.start();
    await client.until('the other comes', isNow(stopping, 'online'));
    lost.kill('SIGKILL');
    stopping.kill('SIGTERM');
    await client.until('it stops', isNow(stopping, 'stopped'));
    await client.until('it is lost', isNow(lost, 'offline'));
    expect(client.statesOf(idOf(lost))).toEqual(['online', 'offline']);
  });

  it('gives only what is asked for', async () => {
    await using mine = await EventClient.open(
      lab.url,
      '?kind=task&name=lab.noop&state=succeeded&queue=default',
    );
    await using all = await EventClient.open(lab.url);
    await lab.start();
    await lab.tasks.enqueue(labTasks.work, {}, { id: 'work' });
    await all.until('the end of another', isEndOf('work'));
    await lab.tasks.enqueue(labTasks.noop, {}, { id: 'noop' });
    await mine.until('its end', isEndOf('noop'));
    expect(mine.events.map(({ event, data }) => `${event} ${String(data.id)}`)).toEqual([
      'ready undefined',
      'task noop',
    ]);
  });
});

describe('a client that was away', () => {
  it('is given what it has missed, from whichever process, nothing twice and nothing not at all', async () => {
    const url = await startOther();
    await using faithful = await EventClient.open(lab.url, '?kind=task');
    const first = await EventClient.open(lab.url, '?kind=task');
    const some = await lab.tasks.enqueueMany(
      labTasks.noop,
      Array.from({ length: 250 }, () => ({})),
    );
    await first.until('an end', isEndOf(some[100]?.id ?? ''));
    first.leave();
    const more = await lab.tasks.enqueueMany(
      labTasks.noop,
      Array.from({ length: 250 }, () => ({})),
    );
    const last = more.at(-1)?.id ?? '';
    await faithful.until('the last end', isEndOf(last));
    // In the midst of an entry, too.
    const taken = first.events.slice(0, -Math.min(30, Math.floor(first.events.length / 2)));
    await using again = await EventClient.open(url, '?kind=task', taken.at(-1)?.id);
    await again.until('the last end', isEndOf(last));
    await faithful.until('all', ({ id }) => id === again.events.at(-1)?.id);
    await again.until('all', ({ id }) => id === faithful.events.at(-1)?.id);
    const seen = [...taken.filter(({ event }) => event !== 'ready').map(({ id }) => id), ...idsOf(again)];
    expect(seen).toEqual(idsOf(faithful));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('is told that it has missed something, when that is not kept any more', async () => {
    await using watcher = await EventClient.open(lab.url);
    await lab.tasks.enqueue(labTasks.noop, {}, { id: 'kept' });
    await watcher.until('it waits', ({ data }) => data.id === 'kept');
    await using client = await EventClient.open(lab.url, '', '1-1.1');
    const events = await client.until('what is kept', ({ data }) => data.id === 'kept');
    expect(events.slice(0, 2).map(({ event }) => event)).toEqual(['ready', 'gap']);
    expect(events.filter(({ event }) => event === 'gap')).toHaveLength(1);
  });
});

describe('a stream of events', () => {
  it.each([
    ['?kind=run', 'kind'],
    ['?state=asleep', 'state'],
    ['?since=1', 'since'],
  ])('is refused to %s, and the field is named', async (query, field) => {
    const { answer } = await EventClient.open(lab.url, query);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errors: [{ field }] });
  });

  it.each(['nonsense', '1-1', '-1-1.0', '1-1.1x'])('does not go on after %j', async (id) => {
    const { answer } = await EventClient.open(lab.url, '', id);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errors: [{ field: 'Last-Event-ID' }] });
  });

  it('is for those with a key', async () => {
    expect((await fetch(`${lab.url}/api/v1/ops/events`)).status).toBe(401);
  });

  it('is not opened more often than the process may, and again when one has left', async () => {
    const clients: EventClient[] = [];
    for (let n = 0; n < STREAMS; n++) clients.push(await EventClient.open(lab.url));
    const { answer } = await EventClient.open(lab.url);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'events.too_many_streams' });
    clients.pop()?.leave();
    const next = await eventually('a free place', async () => {
      const client = await EventClient.open(lab.url);
      return client.answer.ok ? client : undefined;
    });
    for (const client of [...clients, next]) client.leave();
  });

  it('does not keep a process from ending', async () => {
    const url = await startOther();
    const client = await EventClient.open(url);
    other.kill('SIGTERM');
    expect(await other.exit(), other.log).toBe(0);
    await eventually('the end of the stream', async () => client.hasEnded || undefined);
  });
});
