import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChangeFeed, ChangeLog, Place } from '../../../platform/changes/index.js';
import type { ControlConfig } from '../control.config.js';
import { EventStreams } from './event-streams.js';

const BEGINNING: Place = { ms: 0, seq: 0, taken: 0 };
/** More than streams and sockets take in without a reader. */
const change = { kind: 'task' as const, id: 't', text: 'x'.repeat(1_000_000) };

let streams: EventStreams;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  const feed = {
    async *follow() {
      yield { entries: [{ end: { ...BEGINNING, taken: 1 }, changes: [change] }], gap: false };
    },
  };
  streams = new EventStreams(
    { end: async () => BEGINNING } as ChangeLog,
    feed as unknown as ChangeFeed,
    { eventStreamsAtOnce: 1 } as ControlConfig,
  );
});

afterEach(() => vi.useRealTimers());

describe('a client that does not read', () => {
  it('gives its place back when its time is over', async () => {
    const stream = await streams.begin({}, undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(streams.begin({}, undefined)).rejects.toThrow('1 clients already');
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(stream.destroyed).toBe(true);
    (await streams.begin({}, undefined)).destroy();
  });

  it('does not keep a process from ending', async () => {
    const stream = await streams.begin({}, undefined);
    streams.beforeApplicationShutdown();
    await vi.advanceTimersByTimeAsync(5000);
    expect(stream.destroyed).toBe(true);
  });
});
