import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WorkUnit } from '../../../core/performance/index.js';
import { type TaskEvent, TaskEvents } from '../tasks/task-events.js';
import { TaskLog } from './task-log.js';

const LEVELS = ['debug', 'log', 'warn', 'error'] as const;

let events: TaskEvents;
let log: TaskLog;
let lines: unknown[][];

beforeEach(() => {
  lines = [];
  for (const level of LEVELS)
    vi.spyOn(Logger.prototype, level).mockImplementation((...said) => void lines.push([level, ...said]));
  events = new TaskEvents();
  log = new TaskLog(events);
});
afterEach(() => void vi.restoreAllMocks());

const task = { id: 't-1', name: 'x', maxAttempts: 3 };
const failure = { class: 'TypeError', code: 'x.bad', message: 'no', trace: 'TypeError: no\n    at x' };
const unit = Object.assign(new WorkUnit('task', 'x', 't-1'), { queries: 2, querySeconds: 0.0126 });
const err = { type: 'TypeError', code: 'x.bad', message: 'no', stack: failure.trace };

describe('the log of tasks', () => {
  it.each([
    [{ type: 'received' }, ['debug', 'task received']],
    [{ type: 'started' }, ['log', 'task started']],
    [{ type: 'succeeded', runtimeMs: 12 }, ['log', { seconds: 0.012 }, 'task succeeded']],
    [
      { type: 'succeeded', runtimeMs: 1001, unit },
      ['warn', { seconds: 1.001, queries: 2, querySeconds: 0.013, slow: true }, 'task succeeded'],
    ],
    [
      { type: 'retry', failure, runtimeMs: 12, retryAt: 2500 },
      ['warn', { err, seconds: 0.012, attempts: 3, waitSeconds: 1.5 }, 'task failed; it will be tried again'],
    ],
    [{ type: 'failed', failure, runtimeMs: 12 }, ['error', { err, seconds: 0.012 }, 'task failed for good']],
    [{ type: 'revoked', runtimeMs: 12 }, ['log', { seconds: 0.012 }, 'task revoked']],
    [{ type: 'returned', runtimeMs: 12 }, ['log', { seconds: 0.012 }, 'task handed back']],
    [
      { type: 'lost', runtimeMs: 12 },
      ['warn', { seconds: 0.012 }, expect.stringMatching(/^task lost: another worker has it/)],
    ],
    [{ type: 'postponed' }, ['debug', 'task waits for its rate limit']],
    [{ type: 'expired' }, ['warn', 'task expired before it was begun']],
    [{ type: 'withdrawn' }, ['debug', { taskId: 't-1' }, 'task withdrawn before it was begun']],
  ])('has of %j the line %j', (event, line) => {
    log.told({ at: 1000, task, ...event } as unknown as TaskEvent);
    expect(lines).toEqual([line]);
  });

  it.each(['sent', 'progress', 'log'])('has no line of "%s": others have it', (type) => {
    events.emit({ type, task } as unknown as TaskEvent);
    expect(lines).toEqual([]);
  });
});
