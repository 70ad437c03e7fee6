import { Redis } from 'ioredis';
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { heldTask, shownTask, WorkerCluster } from '../support/worker-cluster.js';

let environment: TestEnvironment;
let cluster: WorkerCluster;
let redis: Redis;
let prefix: string;

beforeEach(async () => {
  environment = await createEnvironment();
  prefix = environment.env.REDIS_PREFIX!;
  redis = new Redis(environment.env.REDIS_URL!);
  cluster = await WorkerCluster.open(environment.env);
  onTestFailed(() => console.log(cluster.programs.map(({ log }) => log).join('\n---\n')));
});

afterEach(async () => {
  await cluster.close();
  redis.disconnect();
  await environment.dispose();
});

describe('the registry', () => {
  it('tells of each worker what it is and does, and nothing of payloads', async () => {
    const [[one, id], [, other]] = await Promise.all([
      cluster.start({ active: [heldTask('t1')], reserved: [heldTask('t2')] }),
      cluster.start(),
    ]);
    const list = await cluster.workers.list();
    expect(list.map((worker) => worker.id)).toEqual([id, other].sort());
    const worker = list.find((each) => each.id === id);
    expect(worker).toMatchObject({
      state: 'online',
      host: hostname(),
      pid: one.pid,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      mode: 'worker',
      concurrency: 4,
      paused: false,
      draining: false,
      queues: [
        { name: 'high', consuming: true },
        { name: 'default', consuming: true },
        { name: 'low', consuming: true },
      ],
      active: [shownTask('t1')],
      activeCount: 1,
      reservedCount: 1,
      totals: { processed: 7, succeeded: 4, failed: 1, retried: 2, revoked: 0 },
    });
    expect(worker!.rssBytes).toBeGreaterThan(10_000_000);
    expect(worker!.startedAt).toBeLessThanOrEqual(Date.now());
    expect((await redis.hvals(`${prefix}:workers`)).join()).not.toContain('hush');
    expect(await cluster.metric('gleaner_workers', { state: 'online' })).toBe(2);
    expect(await cluster.metric('gleaner_queue_consumers', { queue: 'low' })).toBe(2);
  });

  it('lists a hundred of the tasks of a worker that runs more', async () => {
    const many = Array.from({ length: 150 }, (_, n) => heldTask(`t${n}`));
    const [, id] = await cluster.start({ active: many, concurrency: 200 });
    const worker = await cluster.workers.get(id);
    expect(worker?.active).toHaveLength(100);
    expect(worker?.activeCount).toBe(150);
  });

  it('hears of a worker every few seconds', async () => {
    const [, id] = await cluster.start();
    const { heardAt } = await cluster.until(id, 'there', () => true);
    const later = await cluster.until(id, 'heard of again', (worker) => worker.heardAt > heardAt, 5000);
    expect(later.state).toBe('online');
  });

  it('sees that a worker was killed within 15 seconds, and remembers it', async () => {
    const [[killed, id], [, other]] = await Promise.all([cluster.start(), cluster.start()]);
    killed.kill('SIGKILL');
    await killed.exit();
    const worker = await cluster.until(id, 'offline', ({ state }) => state === 'offline', 15_000);
    expect(worker.silentMs).toBeGreaterThan(12_000);
    expect(worker.pid).toBe(killed.pid);
    expect((await cluster.workers.get(other))?.state).toBe('online');
    expect(await cluster.metric('gleaner_workers', { state: 'online' })).toBe(1);
    expect(await cluster.metric('gleaner_workers', { state: 'offline' })).toBe(1);
    expect(await cluster.metric('gleaner_queue_consumers', { queue: 'low' })).toBe(1);
  });

  it('hears at once that a worker ends in order', async () => {
    const [ended, id] = await cluster.start();
    ended.kill('SIGTERM');
    expect(await ended.exit()).toBe(0);
    expect(await cluster.workers.get(id)).toMatchObject({ state: 'stopped', pid: ended.pid });
    expect(await cluster.metric('gleaner_workers', { state: 'online' })).toBe(0);
    expect(await cluster.metric('gleaner_workers', { state: 'stopped' })).toBe(1);
    expect(await cluster.metric('gleaner_queue_consumers', { queue: 'low' })).toBe(0);
  });
});

/** Of the one worker that there is, as soon as it has one: a worker can be seen before it listens. */
async function cutInbox(): Promise<void> {
  const inbox = await eventually('its inbox', async () =>
    String(await redis.client('LIST'))
      .split('\n')
      .find((line) => line.includes(` name=${prefix}:worker-inbox `)),
  );
  await redis.client('KILL', 'ID', /^id=(\d+)/.exec(inbox)![1]!);
}

/** So many workers wait for a command: what comes then is on its way to them, whatever becomes of the inbox. */
async function listening(workers: number): Promise<void> {
  await eventually(`${workers} workers to listen`, async () => {
    const clients = String(await redis.client('LIST')).split('\n');
    const blocked = clients.filter(
      (line) => line.includes(` name=${prefix}:worker-inbox `) && / flags=\w*b\w* /.test(line),
    );
    return blocked.length === workers || undefined;
  });
}

describe('a command', () => {
  it('is answered by every worker that is online', async () => {
    const started = await Promise.all([cluster.start(), cluster.start(), cluster.start()]);
    const [[ended, gone], ...others] = started;
    const ids = others.map(([, id]) => id).sort();
    ended.kill('SIGTERM');
    await ended.exit();
    const outcome = await cluster.commands.send({ type: 'ping' }, { timeoutMs: 20_000 });
    expect(outcome).toEqual({
      replies: ids.map((workerId) => ({ workerId, ok: true, result: { pong: true } })),
      silent: [],
    });
    expect(JSON.stringify(outcome)).not.toContain(gone);
  });

  it('is carried out by those alone to whom it was sent', async () => {
    const [[one, id], [other, otherId]] = await Promise.all([cluster.start(), cluster.start()]);
    await cluster.commands.send({ type: 'pause' }, { destinations: [id], timeoutMs: 20_000 });
    await cluster.commands.send({ type: 'resume' }, { destinations: [otherId, otherId], timeoutMs: 20_000 });
    expect(await cluster.deedsOf(one, id)).toEqual(['pause']);
    expect(await cluster.deedsOf(other, otherId)).toEqual(['resume']);
  });

  it('names as silent who is unknown, or has ended', async () => {
    const [ended, gone] = await cluster.start();
    ended.kill('SIGTERM');
    await ended.exit();
    const outcome = await cluster.commands.send({ type: 'ping' }, { destinations: [gone, 'nobody'] });
    expect(outcome).toEqual({ replies: [], silent: [gone, 'nobody'].sort() });
    expect(await redis.keys(`${prefix}:worker-inbox:*`)).toEqual([]);
  });

  it('to nobody has no answer', async () => {
    expect(await cluster.commands.send({ type: 'ping' })).toEqual({ replies: [], silent: [] });
  });

  it('is answered also while all slots are busy', async () => {
    const [, id] = await cluster.start({ concurrency: 2, active: [heldTask('a'), heldTask('b')] });
    const { replies } = await cluster.commands.send({ type: 'active' }, { timeoutMs: 20_000 });
    expect(replies).toEqual([
      { workerId: id, ok: true, result: { count: 2, tasks: [shownTask('a'), shownTask('b')] } },
    ]);
  });

  it('names a frozen worker as silent, and is not carried out when that wakes up', async () => {
    const [[frozen, id], [, awake]] = await Promise.all([cluster.start(), cluster.start()]);
    await listening(2);
    frozen.kill('SIGSTOP');
    const outcome = await cluster.commands.send({ type: 'pause' }, { timeoutMs: 5000 });
    expect(outcome.silent).toEqual([id]);
    expect(outcome.replies).toEqual([{ workerId: awake, ok: true, result: { paused: true } }]);
    frozen.kill('SIGCONT');
    // It takes commands in their order: once it has answered this one, it is done with the other.
    const { replies } = await cluster.commands.send(
      { type: 'stats' },
      { destinations: [id], timeoutMs: 20_000 },
    );
    expect(replies).toMatchObject([{ workerId: id, ok: true, result: { paused: false } }]);
    expect(await cluster.deedsOf(frozen, id)).toEqual([]);
    expect(frozen.log).toContain('after its time');
  });

  it('reaches a worker whose connection was cut just before', async () => {
    const [, id] = await cluster.start();
    await cutInbox();
    const { replies } = await cluster.commands.send({ type: 'ping' }, { timeoutMs: 20_000 });
    expect(replies).toEqual([{ workerId: id, ok: true, result: { pong: true } }]);
  });

  it('reaches a worker whose connection is cut after Redis has written the command to it', async () => {
    const [frozen, id] = await cluster.start();
    frozen.kill('SIGSTOP');
    const outcome = cluster.commands.send({ type: 'ping' }, { destinations: [id], timeoutMs: 20_000 });
    await eventually('the command', async () =>
      (await redis.exists(`${prefix}:worker-inbox:${id}`)) === 1 ? true : undefined,
    );
    await cutInbox();
    frozen.kill('SIGCONT');
    expect((await outcome).replies).toEqual([{ workerId: id, ok: true, result: { pong: true } }]);
  });

  it('of a newer release is answered with an error', async () => {
    const [, id] = await cluster.start();
    await redis.set(`${prefix}:worker-command:c1`, JSON.stringify({ type: 'dance' }), 'PX', 20_000);
    await redis.xadd(`${prefix}:worker-inbox:${id}`, '*', 'command', 'c1');
    const reply = await eventually('an answer', async () => {
      const [text] = await redis.lrange(`${prefix}:worker-replies:c1`, 0, -1);
      return text ? (JSON.parse(text) as unknown) : undefined;
    });
    expect(reply).toMatchObject({ workerId: id, ok: false, error: { code: 'worker.unknown_command' } });
    expect(await redis.pttl(`${prefix}:worker-replies:c1`)).toBeGreaterThan(0);
  });

  it('waits in no inbox for longer than its time, nor with more than a hundred others', async () => {
    const [frozen, id] = await cluster.start();
    frozen.kill('SIGSTOP');
    const send = () => cluster.commands.send({ type: 'ping' }, { destinations: [id], timeoutMs: 5000 });
    const outcomes = Promise.all(Array.from({ length: 120 }, send));
    const inbox = `${prefix}:worker-inbox:${id}`;
    await eventually('the commands', async () =>
      (await redis.keys(`${prefix}:worker-command:*`)).length === 120 ? true : undefined,
    );
    expect(await redis.xlen(inbox)).toBe(100);
    for (const { silent } of await outcomes) expect(silent).toEqual([id]);
    await eventually('nothing of them to be left', async () =>
      (await redis.keys(`${prefix}:worker-[ic]*`)).length === 0 ? true : undefined,
    );
  });

  it('that does not fit is refused before it is sent', async () => {
    await expect(cluster.commands.send({ type: 'pool.grow', by: 0 })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    await expect(cluster.commands.send({ type: 'ping' }, { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });
});
