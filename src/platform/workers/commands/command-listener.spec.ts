import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RedisConnections } from '../../../core/redis/index.js';
import type { ControllableWorker } from '../../queues/index.js';
import type { Heartbeat } from '../registry/heartbeat.js';
import type { WorkerReport } from '../registry/worker-report.js';
import type { CommandHandler } from './command-handler.js';
import { CommandListener } from './command-listener.js';

let inbox: string[];
/** What Redis answers when the command is looked up, and how long that takes. */
let found: { text: string | null; leftMs: number; afterMs: number };
let handled: unknown[];
let replies: string[];
let listener: CommandListener;

beforeEach(() => {
  Logger.overrideLogger(false);
  vi.useFakeTimers();
  inbox = ['c1'];
  found = { text: '{"type":"pause"}', leftMs: 500, afterMs: 1 };
  handled = [];
  replies = [];
  const blocking = {
    xread: () => {
      const id = inbox.shift();
      return id === undefined ? new Promise(() => undefined) : [['inbox', [['1-1', ['command', id]]]]];
    },
    disconnect: () => undefined,
  };
  const lookUp = async () => {
    await new Promise((resolve) => setTimeout(resolve, found.afterMs));
    return [
      [null, found.text],
      [null, found.leftMs],
    ];
  };
  const multi = {
    get: () => multi,
    pttl: () => ({ exec: lookUp }),
    rpush: (_key: string, reply: string) => {
      replies.push(reply);
      return multi;
    },
    pexpire: () => ({ exec: async () => [] }),
  };
  listener = new CommandListener(
    { connect: () => blocking } as unknown as RedisConnections,
    { id: 'w' } as ControllableWorker,
    {
      handle: async (command: unknown) => {
        handled.push(command);
        return { paused: true };
      },
    } as unknown as CommandHandler,
    { beatSoon: () => undefined } as Heartbeat,
    { version: '1.2.3' } as WorkerReport,
    { multi: () => multi } as unknown as Redis,
    { url: '', prefix: 'p' },
  );
});

afterEach(() => {
  listener.onApplicationShutdown();
  vi.useRealTimers();
});

async function listen(): Promise<void> {
  listener.onApplicationBootstrap();
  await vi.advanceTimersByTimeAsync(10_000);
}

describe('a command that a worker finds', () => {
  it('is carried out and answered', async () => {
    await listen();
    expect(handled).toEqual([{ type: 'pause' }]);
    expect(replies.map((reply) => JSON.parse(reply) as unknown)).toEqual([
      { workerId: 'w', ok: true, result: { paused: true } },
    ]);
  });

  it('is left alone when Redis has let it run out', async () => {
    found = { text: null, leftMs: -2, afterMs: 1 };
    await listen();
    expect({ handled, replies }).toEqual({ handled: [], replies: [] });
  });

  it('is left alone when it ran out while the process was frozen with the answer in its socket', async () => {
    found.afterMs = 501;
    await listen();
    expect({ handled, replies }).toEqual({ handled: [], replies: [] });
  });

  it.each(['{', 'null', '{"type":"dance"}'])('is answered when it is not known: %s', async (text) => {
    found.text = text;
    await listen();
    expect(handled).toEqual([]);
    expect(replies[0]).toContain('worker.unknown_command');
    expect(replies[0]).toContain('1.2.3');
  });

  it('is answered when it is known and does not fit', async () => {
    found.text = '{"type":"pool.grow","by":-1}';
    await listen();
    expect(handled).toEqual([]);
    expect(replies[0]).toContain('invalid_input');
  });

  it('does not end the listening when it cannot be looked up', async () => {
    inbox = ['c1', 'c2'];
    const { text } = found;
    Object.defineProperty(found, 'text', {
      get: vi
        .fn<() => string | null>()
        .mockImplementationOnce(() => {
          throw new Error('away');
        })
        .mockReturnValue(text),
    });
    await listen();
    vi.useRealTimers();
    await vi.waitFor(() => expect(handled).toEqual([{ type: 'pause' }]), 10_000);
  });
});
