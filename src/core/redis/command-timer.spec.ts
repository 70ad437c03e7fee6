import { Redis, ReplyError } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { timeCommands } from './command-timer.js';

/** The commands as ioredis has them, whose answers the test gives. */
let sent: { name: string; resolve: (answer: string) => void; reject: (error: Error) => void }[];
let observed: number[];
let redis: Redis;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  sent = [];
  observed = [];
  redis = new Redis({ lazyConnect: true });
  redis.sendCommand = (command) => {
    sent.push(command);
    return command.promise;
  };
  timeCommands(redis, { observe: (seconds) => observed.push(seconds) });
});
afterEach(() => {
  redis.disconnect();
  vi.useRealTimers();
});

describe('commands', () => {
  it('are timed until their answer', async () => {
    const asked = redis.get('a');
    vi.advanceTimersByTime(20);
    sent[0]?.resolve('1');
    expect(await asked).toBe('1');
    expect(observed).toEqual([0.02]);
  });

  it('are timed when Redis refuses them, and not when no answer came', async () => {
    const [refused, lost] = [redis.incr('a'), redis.get('a')];
    vi.advanceTimersByTime(5);
    sent[0]?.reject(new ReplyError('ERR value is not an integer') as Error);
    await expect(refused).rejects.toThrow('ERR value');
    sent[1]?.reject(new Error('Connection is closed.'));
    await expect(lost).rejects.toThrow('closed');
    expect(observed).toEqual([0.005]);
  });

  it('that are sent again, because the connection was lost, are timed once, from the first time', async () => {
    const asked = redis.get('a');
    vi.advanceTimersByTime(300);
    redis.sendCommand(sent[0] as never);
    vi.advanceTimersByTime(200);
    sent[0]?.resolve('1');
    await asked;
    expect(observed).toEqual([0.5]);
  });

  it('of a pipeline are timed each', async () => {
    const done = redis.pipeline().get('a').get('b').exec();
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    for (const { resolve } of sent) resolve('1');
    await done;
    expect(observed).toHaveLength(2);
  });

  it('that wait for something that may never come are not timed', async () => {
    const waits = [
      redis.brpoplpush('a', 'b', 5),
      redis.xread('BLOCK', 5000, 'STREAMS', 'a', '$'),
      redis.subscribe('a'),
    ];
    for (const { resolve } of sent) resolve('1');
    await Promise.allSettled(waits);
    expect(sent).toHaveLength(3);
    expect(observed).toEqual([]);
  });
});
