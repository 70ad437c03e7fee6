// What the tasks of the lab do, as a module on top of any mode of the compiled application. What they did is in the
// table lab_effect: a row when a handler has begun, and one when it has ended, if no later start has.
import 'reflect-metadata';
import { Inject, Injectable, Module } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { labTasks } from './lab-tasks.ts';

const { Task, TaskQueue } = await import('../../../dist/platform/queues/index.js');

const handlers = {
  noop: async () => 'done',
  work,
  patient: work,
  workHigh: work,
  workLow: work,
  keyed: work,
  deaf: async ({ ms }, context, { dataSource }) => {
    await effect(dataSource, context, 'begun');
    await delay(ms);
    await effect(dataSource, context, 'returned');
  },
  fail: async ({ times = Infinity, message = 'lab failure' }, context) => {
    context.log('about to fail', { attempt: context.attempt });
    if (context.attempt <= times) throw new TypeError(message);
    return 'at last';
  },
  parent: async (_payload, _context, { tasks }) => ({ child: (await tasks.enqueue(labTasks.noop, {})).id }),
  isolated: async (payload, context, { dataSource }) => {
    if (payload.do === 'query') await dataSource.query('SELECT 1');
    context.progress(1, 2, `process ${process.pid}`);
    if (payload.do === 'exit') process.exit(7);
    if (payload.do === 'throw') throw new RangeError('from afar');
    // Deaf and blind, as a regular expression gone wild is.
    if (payload.do === 'spin') for (;;);
    if (payload.do === 'wait') await delay(60_000, undefined, { signal: context.signal });
    return { pid: process.pid };
  },
};

/** Takes `ms` milliseconds and heeds its signal. */
async function work({ ms = 0 }, context, { dataSource }) {
  await effect(dataSource, context, 'begun');
  for (let done = 0; done < ms; done += 50) {
    await delay(Math.min(50, ms), undefined, { signal: context.signal });
    context.progress(done, ms);
  }
  await effect(dataSource, context, 'ended');
}

/** Fenced and idempotent: a task ends once, and not after a later start of it has. */
async function effect(dataSource, { taskId, start }, what) {
  await dataSource.query(
    `INSERT INTO lab_effect (task_id, start, what) SELECT $1, $2, $3
     WHERE $3 = 'begun' OR NOT EXISTS (SELECT FROM lab_effect WHERE task_id = $1 AND start > $2)
     ON CONFLICT DO NOTHING`,
    [taskId, start, what],
  );
}

const providers = Object.entries(handlers).map(([name, handle]) => {
  class Handler {
    constructor(dataSource, tasks) {
      this.services = { dataSource, tasks };
    }
    handle(payload, context) {
      return handle(payload, context, this.services);
    }
  }
  Inject(DataSource)(Handler, undefined, 0);
  Inject(TaskQueue)(Handler, undefined, 1);
  Injectable()(Handler);
  Task(labTasks[name])(Handler);
  return Handler;
});

export function LabModule() {}
Module({ providers })(LabModule);
