import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type HealthProbe, Probe } from '../../core/probes/index.js';
import { HealthModule } from './health.module.js';

const CACHE_MS = 1000;
const TIMEOUT_MS = 50;

/** A dependency that is as the test says. */
class FakeDependency implements HealthProbe {
  checks = 0;
  signal: AbortSignal | undefined;
  state: 'up' | 'down' | 'hanging' = 'up';

  async check(signal: AbortSignal): Promise<Record<string, unknown>> {
    this.checks++;
    this.signal = signal;
    if (this.state === 'down') throw new Error('connection refused');
    if (this.state === 'hanging') await new Promise(() => undefined);
    return { latencyMs: 3 };
  }
}

@Injectable()
@Probe({ name: 'spec-store', timeoutMs: TIMEOUT_MS, cacheMs: CACHE_MS })
class StoreProbe extends FakeDependency {}

@Injectable()
@Probe({ name: 'spec-queue', timeoutMs: TIMEOUT_MS, cacheMs: CACHE_MS })
class QueueProbe extends FakeDependency {}

/** Somewhere else in the application: health has to find the probes, not to be told of them. */
@Module({ providers: [StoreProbe, QueueProbe] })
class StoreModule {}

@Module({ imports: [HealthModule, StoreModule] })
class Root {}

let app: NestFastifyApplication;
let store: StoreProbe;
let queue: QueueProbe;

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
});
afterEach(async () => {
  await app.close();
  vi.useRealTimers();
});

interface Health {
  status: number;
  body: { status: string; details: Record<string, unknown>; error: Record<string, unknown> };
}

async function get(path: string): Promise<Health> {
  const response = await app.inject({ method: 'GET', url: path });
  return { status: response.statusCode, body: response.json() };
}

describe('readiness', () => {
  it('is 200 when every probe that is declared anywhere is up, with what they tell', async () => {
    const { status, body } = await get('/health/ready');
    expect(status).toBe(200);
    expect(body.status).toBe('ok');
    expect(Object.keys(body.details).sort()).toEqual(['spec-queue', 'spec-store']);
    expect(body.details['spec-store']).toMatchObject({ status: 'up', latencyMs: 3 });
  });

  it('is 503 when a probe is down, and names it and why, beside those that are up', async () => {
    store.state = 'down';
    const { status, body } = await get('/health/ready');
    expect(status).toBe(503);
    expect(body.status).toBe('error');
    expect(body.error).toEqual({
      'spec-store': expect.objectContaining({ status: 'down', message: 'connection refused' }) as unknown,
    });
    expect(body.details['spec-queue']).toMatchObject({ status: 'up' });
  });

  it('is 503 when a probe hangs, and tells the probe to give up', async () => {
    queue.state = 'hanging';
    const { status, body } = await get('/health/ready');
    expect(status).toBe(503);
    expect(body.error).toEqual({
      'spec-queue': expect.objectContaining({
        status: 'down',
        message: `timeout of ${TIMEOUT_MS}ms exceeded`,
      }) as unknown,
    });
    expect(queue.signal?.aborted).toBe(true);
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

describe('liveness', () => {
  it('is 200 without asking any dependency, whatever state they are in', async () => {
    store.state = 'down';
    queue.state = 'hanging';
    expect(await get('/health/live')).toEqual({ status: 200, body: { status: 'ok' } });
    expect([store.checks, queue.checks]).toEqual([0, 0]);
  });
});
