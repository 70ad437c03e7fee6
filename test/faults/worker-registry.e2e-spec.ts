import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { RedisPing } from '../../src/platform/workers/watchdog.js';
import { BlackHole } from '../support/black-hole.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { OwnRedis } from '../support/own-redis.js';
import { WorkerCluster } from '../support/worker-cluster.js';

let own: OwnRedis;
let hole: BlackHole;
let environment: TestEnvironment;
let cluster: WorkerCluster;
/** Settings of workers that reach Redis through the hole. */
let throughHole: Record<string, string>;

beforeAll(async () => {
  own = await OwnRedis.provide('worker-registry-faults');
});
afterAll(() => own.dispose());

beforeEach(async () => {
  environment = await createEnvironment({ REDIS_URL: own.url });
  const url = new URL(own.url);
  hole = await BlackHole.before(Number(url.port));
  url.port = String(hole.port);
  throughHole = { REDIS_URL: url.href };
  cluster = await WorkerCluster.open(environment.env);
  onTestFailed(() => console.log(cluster.programs.map(({ log }) => log).join('\n---\n')));
});
afterEach(async () => {
  await cluster.close();
  await hole.close();
  await environment.dispose();
});

describe('a worker whose Redis dies', () => {
  it('lives on, and is there again and obeys when it is back, though that is empty', async () => {
    const [worker, id] = await cluster.start();
    own.kill();
    await worker.until('it notices', async () => /heartbeats do not arrive/.exec(worker.log)?.[0]);
    await expect(cluster.workers.list()).rejects.toMatchObject({ code: 'workers.unavailable' });
    await expect(cluster.commands.send({ type: 'ping' })).rejects.toMatchObject({
      code: 'workers.unavailable',
    });
    await own.start();
    await cluster.until(id, 'online', ({ state }) => state === 'online');
    const { replies } = await cluster.commands.send({ type: 'ping' }, { timeoutMs: 10_000 });
    expect(replies).toMatchObject([{ workerId: id, ok: true }]);
    expect(worker.log.match(/heartbeats do not arrive/g)).toHaveLength(1);
  });
});

describe('a worker whose connections vanish without a word', () => {
  it('is online again and obeys, on new ones', async () => {
    const [, id] = await cluster.start({}, { ...throughHole, WORKER_WATCHDOG_MS: '0' });
    hole.swallow();
    const before = await cluster.workers.get(id);
    await cluster.until(id, 'heard of again', ({ heardAt }) => heardAt > before!.heardAt, 30_000);
    const { replies } = await cluster.commands.send({ type: 'ping' }, { timeoutMs: 20_000 });
    expect(replies).toMatchObject([{ workerId: id, ok: true }]);
  });

  it('ends, to be started again, when those of its consumers do not come back', async () => {
    const [worker] = await cluster.start({}, { ...throughHole, WORKER_WATCHDOG_MS: '10000' });
    hole.swallow();
    expect(await worker.exit()).toBe(70);
    expect(worker.log).toContain('Redis answers a new connection at once');
  });
});

describe('the question whether Redis is there', () => {
  it('is asked on a new connection, and needs an answer', async () => {
    const ping = new RedisPing({ url: own.url, prefix: 'watchdog-test' });
    expect(await ping.answers()).toBe(true);
    own.freeze();
    try {
      expect(await ping.answers()).toBe(false);
    } finally {
      own.thaw();
    }
    expect(await ping.answers()).toBe(true);
    const nowhere = new RedisPing({ url: 'redis://127.0.0.1:1', prefix: 'watchdog-test' });
    expect(await nowhere.answers()).toBe(false);
  });
});
