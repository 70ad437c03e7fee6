import { Logger } from '@nestjs/common';
import fastify, { type FastifyInstance } from 'fastify';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Counter, Histogram, Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { correlate } from '../correlation/index.js';
import { currentWorkUnit } from './work-unit.js';
import { Timings } from './timings.js';
import { WorkUnits } from './work-units.js';

let registry: Registry;
let units: WorkUnits;
let server: FastifyInstance;
let timings: Timings;
const warned: object[] = [];

beforeEach(() => {
  warned.length = 0;
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((fields: object) => void warned.push(fields));
  registry = new Registry();
  const registers = [registry];
  timings = new Timings();
  units = new WorkUnits(
    new Histogram({ name: 'queries', help: 'x', labelNames: ['kind', 'unit'], registers }),
    new Counter({ name: 'over_budget', help: 'x', labelNames: ['kind'], registers }),
    timings,
  );
  server = fastify();
  units.observe(server);
});
afterEach(async () => {
  await server.close();
  vi.restoreAllMocks();
});

/** Stands for statements that the driver sends, now and after waiting. */
async function ask(times: number): Promise<void> {
  for (let asked = 0; asked < times; asked++) {
    const unit = currentWorkUnit();
    if (unit) unit.queries++;
    await delay(0);
  }
}
const metrics = () => registry.metrics();

describe('the queries of a request', () => {
  it('are counted by route, also after its body has been read, and not mixed with others', async () => {
    server.get<{ Params: { n: string } }>('/things/:n', async ({ params }) => {
      await ask(Number(params.n));
      return {};
    });
    server.post('/things', async () => {
      await ask(3);
      return {};
    });
    await Promise.all([
      server.inject('/things/4'),
      server.inject('/things/2'),
      server.inject({ method: 'POST', url: '/things', payload: { a: 'x'.repeat(100_000) } }),
      server.inject('/nowhere/4711'),
    ]);
    expect(await metrics()).toContain('queries_sum{kind="request",unit="GET /things/:n"} 6');
    expect(await metrics()).toContain('queries_count{kind="request",unit="GET /things/:n"} 2');
    expect(await metrics()).toContain('queries_sum{kind="request",unit="POST /things"} 3');
    expect(await metrics()).toContain('queries_sum{kind="request",unit="unmatched"} 0');
    expect(await metrics()).not.toContain('4711');
  });

  it('above twenty are warned about with the route; twenty are not', async () => {
    server.get<{ Params: { n: string } }>('/things/:n', async ({ params }) => {
      await ask(Number(params.n));
      return {};
    });
    await server.inject('/things/20');
    expect(warned).toEqual([]);
    expect(await metrics()).toContain('over_budget{kind="request"} 0');
    await server.inject('/things/21');
    expect(warned).toMatchObject([{ kind: 'request', unit: 'GET /things/:n', queries: 21 }]);
    expect(await metrics()).toContain('over_budget{kind="request"} 1');
  });
});

describe('the queries of a task', () => {
  it('are counted without those of its batches, and warned about with its name, also when it fails', async () => {
    const task = units.run('task', 'scrape.run', async () => {
      await ask(15);
      for (let batch = 0; batch < 3; batch++) await units.run('batch', 'quotes', () => ask(9));
      await ask(7);
      throw new Error('failed');
    });
    await expect(task).rejects.toThrow('failed');
    expect(warned).toMatchObject([{ kind: 'task', unit: 'scrape.run', queries: 22 }]);
    expect(await metrics()).toContain('queries_sum{kind="batch",unit="quotes"} 27');
    expect(await metrics()).toContain('over_budget{kind="batch"} 0');
    expect(currentWorkUnit()).toBeUndefined();
  });
});

describe('how long', () => {
  it('requests take is kept by route, each slowest with its id', async () => {
    server.get<{ Params: { n: string } }>('/things/:n', async ({ params }) => {
      await ask(Number(params.n));
      await delay(Number(params.n));
      return {};
    });
    await server.inject('/things/1');
    const slowest = server.inject({ url: '/things/20', headers: { 'request-id': 'x' } });
    await slowest;
    await server.inject('/things/2');
    const { routes } = timings.take();
    expect(routes).toMatchObject([
      { name: 'GET /things/:n', count: 3, queries: 23, slowest: { unit: 'GET /things/:n', id: 'req-2' } },
    ]);
    expect(routes[0]?.maxMs).toBeGreaterThan(19);
    expect(routes[0]?.totalMs).toBeGreaterThan(22);
    expect(timings.take().routes).toEqual([]);
  });

  it('a stream goes on is not counted', async () => {
    server.get('/stream', (_request, reply) =>
      reply.send(
        Readable.from(
          (async function* () {
            yield 'a';
            await delay(100);
            yield 'b';
          })(),
        ),
      ),
    );
    expect((await server.inject('/stream')).body).toBe('ab');
    expect(timings.take().routes[0]?.maxMs).toBeLessThan(100);
  });

  it('tasks take is kept by name, batches within them are not', async () => {
    await correlate({ correlationId: 'c', taskId: 't1' }, async () =>
      units.run('task', 'scrape.run', async () => {
        await ask(2);
        await units.run('batch', 'quotes', () => ask(9));
      }),
    );
    expect(timings.take()).toMatchObject({
      routes: [],
      tasks: [{ name: 'scrape.run', count: 1, queries: 2, slowest: { id: 't1' } }],
    });
  });
});
