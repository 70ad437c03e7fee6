import { Counter, Histogram, Registry } from 'prom-client';
import { beforeEach, expect, it } from 'vitest';
import { TaskCatalogue } from './task-catalogue.js';
import { TaskEventMetrics } from './task-event-metrics.js';
import { type TaskEvent, TaskEvents, type TaskFailure } from './task-events.js';
import { TaskMetrics } from './task-metrics.js';
import { defineTask } from './task.js';
import { z } from 'zod';

let registry: Registry;
let events: TaskEvents;
let metrics: TaskEventMetrics;

beforeEach(() => {
  registry = new Registry();
  events = new TaskEvents();
  const registers = [registry];
  const counter = (name: string, labelNames = ['task', 'queue']) =>
    new Counter({ name, help: name, labelNames, registers });
  const histogram = (name: string) =>
    new Histogram({ name, help: name, labelNames: ['task', 'queue'], buckets: [1], registers });
  const [sent, started, succeeded, failed, retried, revoked, expired] = [
    'sent',
    'started',
    'succeeded',
    'failed',
    'retried',
    'revoked',
    'expired',
  ].map((name) => counter(name)) as [Counter, Counter, Counter, Counter, Counter, Counter, Counter];
  const catalogue = new TaskCatalogue();
  catalogue.add(
    defineTask({
      name: 'a.task',
      queue: 'low',
      version: 1,
      schema: z.unknown(),
      attempts: 1,
      backoff: { baseMs: 1, maxMs: 1 },
      deadlineMs: 1000,
    }),
  );
  metrics = new TaskEventMetrics(
    catalogue,
    new TaskMetrics(
      sent,
      started,
      succeeded,
      failed,
      retried,
      revoked,
      expired,
      histogram('runtime'),
      histogram('wait'),
    ),
    events,
    counter('events', ['type']),
    counter('failures', ['task', 'queue', 'error']),
  );
});

const fail = (name: string, failure: TaskFailure): void => {
  const task = { id: 'x', name, queue: 'low' };
  events.emit({ type: 'failed', at: 0, task, failure, runtimeMs: 1 } as TaskEvent);
};
const lines = async (metric: string): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line.startsWith(`${metric}{`));

it('lets the series of every task that is known begin at 0, and of those that are not', async () => {
  metrics.onApplicationBootstrap();
  expect(await lines('failed')).toEqual([
    'failed{task="a.task",queue="low"} 0',
    'failed{task="unknown",queue="high"} 0',
    'failed{task="unknown",queue="default"} 0',
    'failed{task="unknown",queue="low"} 0',
  ]);
  expect(await lines('runtime_count')).toContain('runtime_count{task="a.task",queue="low"} 0');
});

it('counts what happens, also what has not happened yet', async () => {
  fail('a.task', { class: 'Error', message: '' });
  events.emit({ type: 'withdrawn', at: 0, task: { id: 'x' } });
  const counted = await lines('events');
  expect(counted).toContain('events{type="failed"} 1');
  expect(counted).toContain('events{type="withdrawn"} 1');
  expect(counted).toContain('events{type="lost"} 0');
});

it('counts failures by the code of the error, or else its class', async () => {
  fail('a.task', { class: 'TaskDeadlineError', code: 'task.deadline', message: '' });
  fail('made.up', { class: 'TypeError', message: '' });
  expect(await lines('failures')).toEqual([
    'failures{task="a.task",queue="low",error="task.deadline"} 1',
    'failures{task="unknown",queue="low",error="TypeError"} 1',
  ]);
});

it('makes one of all errors after the first fifty', async () => {
  for (let n = 0; n < 60; n++) fail('a.task', { class: `Error${n}`, message: '' });
  const counted = await lines('failures');
  expect(counted).toHaveLength(51);
  expect(counted.at(-1)).toBe('failures{task="a.task",queue="low",error="other"} 10');
});
