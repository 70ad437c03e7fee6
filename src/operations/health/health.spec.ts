import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Findings, type HealthProbe, Probe } from '../../core/probes/index.js';
import { HealthModule } from './health.module.js';
import { HealthService } from './health.service.js';

const CACHE_MS = 1000;
const TIMEOUT_MS = 50;

/** A dependency that is as the test says. */
class FakeDependency implements HealthProbe {
  checks = 0;
  signal: AbortSignal | undefined;
  state: 'up' | 'down' | 'hanging' | 'poor' = 'up';

  async check(signal: AbortSignal): Promise<Findings> {
    this.checks++;
    this.signal = signal;
    if (this.state === 'down') throw new Error('connection refused');
    if (this.state === 'hanging') await new Promise(() => undefined);
    return { latencyMs: 3, ...(this.state === 'poor' && { reason: 'spec.poor' }) };
  }
}

@Injectable()
@Probe({ name: 'spec-store', timeoutMs: TIMEOUT_MS, cacheMs: CACHE_MS, essential: true })
class StoreProbe extends FakeDependency {}

@Injectable()
@Probe({ name: 'spec-queue', timeoutMs: TIMEOUT_MS, cacheMs: CACHE_MS, essential: true })
class QueueProbe extends FakeDependency {}

@Injectable()
@Probe({ name: 'spec-extra', timeoutMs: TIMEOUT_MS, cacheMs: CACHE_MS, essential: false })
class ExtraProbe extends FakeDependency {}

/** Somewhere else in the application: health has to find the probes, not to be told of them. */
@Module({ providers: [StoreProbe, QueueProbe, ExtraProbe] })
class StoreModule {}

@Module({ imports: [HealthModule, StoreModule] })
class Root {}

let app: NestFastifyApplication;
let store: StoreProbe;
let queue: QueueProbe;
let extra: ExtraProbe;

beforeEach(async () => {
  // Only the clock: time-outs are real, for Terminus takes AbortSignal.timeout, which no fake reaches.
  vi.useFakeTimers({ toFake: ['Date'] });
  app = await NestFactory.create<NestFastifyApplication>(Root, new FastifyAdapter(), {
    logger: false,
    abortOnError: false,
  });
  await app.init();
  store = app.get(StoreProbe, { strict: false });
  queue = app.get(QueueProbe, { strict: false });
  extra = app.get(ExtraProbe, { strict: false });
});
afterEach(async () => {
  await app.close();
  vi.useRealTimers();
});

interface Health {
  status: number;
  body: { status: string; checks: Record<string, { status: string; reason?: string }> };
}

async function get(path: string): Promise<Health> {
  const response = await app.inject({ method: 'GET', url: path });
  return { status: response.statusCode, body: response.json() };
}

describe('readiness', () => {
  it('is 200 when every essential probe that is declared anywhere is up, and tells nothing of the inside', async () => {
    expect(await get('/health/ready')).toEqual({
      status: 200,
      body: { status: 'ok', checks: { 'spec-queue': { status: 'up' }, 'spec-store': { status: 'up' } } },
    });
  });

  it('is 503 when a probe is down, and names it, beside those that are up', async () => {
    store.state = 'down';
    const { status, body } = await get('/health/ready');
    expect(status).toBe(503);
    expect(body).toEqual({
      status: 'error',
      checks: { 'spec-queue': { status: 'up' }, 'spec-store': { status: 'down', reason: 'spec-store.down' } },
    });
  });

  it('is 503 when a probe hangs, and tells the probe to give up', async () => {
    queue.state = 'hanging';
    const { status, body } = await get('/health/ready');
    expect(status).toBe(503);
    expect(body.checks['spec-queue']).toEqual({ status: 'down', reason: 'spec-queue.down' });
    expect(queue.signal?.aborted).toBe(true);
  });

  it('is 200 when something works poorly, or is down that the process can do without', async () => {
    store.state = 'poor';
    extra.state = 'down';
    const { status, body } = await get('/health/ready');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'degraded', checks: { 'spec-store': { reason: 'spec.poor' } } });
    expect(extra.checks).toBe(0);
  });

  it('is 503 as soon as the process is told to end, whatever it still does', async () => {
    app.get(HealthService).onModuleDestroy();
    expect(await get('/health/ready')).toMatchObject({ status: 503, body: { status: 'shutting_down' } });
    expect((await get('/health/live')).status).toBe(200);
  });

  it('comes back when the dependency does, once the cached answer is old', async () => {
    store.state = 'down';
    await get('/health/ready');
    store.state = 'up';
    expect((await get('/health/ready')).status).toBe(503);
    vi.setSystemTime(Date.now() + CACHE_MS + 1);
    expect((await get('/health/ready')).status).toBe(200);
  });

  it('asks a dependency once however many ask for it, until the answer is old', async () => {
    await Promise.all(Array.from({ length: 20 }, () => get('/health/ready')));
    vi.setSystemTime(Date.now() + CACHE_MS - 1);
    await get('/health/ready');
    expect([store.checks, queue.checks]).toEqual([1, 1]);
    vi.setSystemTime(Date.now() + 2);
    await get('/health/ready');
    expect([store.checks, queue.checks]).toEqual([2, 2]);
  });

  it('asks a hanging dependency once, too: those who come later wait for the same answer', async () => {
    queue.state = 'hanging';
    const answers = await Promise.all(Array.from({ length: 5 }, () => get('/health/ready')));
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
    expect(queue.checks).toBe(1);
  });
});

describe('health as a whole', () => {
  it.each([
    ['up', 'up', 200, 'ok'],
    ['up', 'poor', 200, 'degraded'],
    ['up', 'down', 200, 'degraded'],
    ['up', 'hanging', 200, 'degraded'],
    ['poor', 'up', 200, 'degraded'],
    ['down', 'up', 503, 'error'],
    ['down', 'down', 503, 'error'],
  ] as const)(
    'with an essential probe %s and another %s is %d %s',
    async (essential, other, status, word) => {
      store.state = essential;
      extra.state = other;
      expect(await get('/health')).toMatchObject({ status, body: { status: word } });
    },
  );
});

describe('startup', () => {
  it('is 503 until all that is essential was there once, and 200 from then on', async () => {
    store.state = 'down';
    expect((await get('/health/startup')).status).toBe(503);
    store.state = 'up';
    vi.setSystemTime(Date.now() + CACHE_MS + 1);
    expect((await get('/health/startup')).status).toBe(200);
    store.state = 'down';
    vi.setSystemTime(Date.now() + CACHE_MS + 1);
    expect((await get('/health/startup')).status).toBe(200);
  });
});

describe('liveness', () => {
  it('is 200 without asking any dependency, whatever state they are in', async () => {
    store.state = 'down';
    queue.state = 'hanging';
    expect(await get('/health/live')).toEqual({ status: 200, body: { status: 'ok' } });
    expect([store.checks, queue.checks]).toEqual([0, 0]);
  });
});
