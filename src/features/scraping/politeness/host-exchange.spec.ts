import { Logger } from '@nestjs/common';
import { ReplyError, type Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer, Asker, Leave } from './host-call.js';
import { HostExchange, LEASE_MARGIN_MS } from './host-exchange.js';

interface Message {
  lost: { id: string; count: number }[];
  leaves: { id: string }[];
  asks: { id: string; count: number }[];
}

/** A Redis that answers when the test says so. */
class SlowRedis {
  status = 'ready';
  readonly calls: {
    messages: Message[];
    answer: (answer: number[]) => void;
    fail: (error: Error) => void;
  }[] = [];

  defineCommand(): void {}

  async exchangeHosts(keys: number, ...args: (string | number)[]): Promise<number[]> {
    return new Promise((answer, fail) => {
      this.calls.push({ messages: JSON.parse(String(args[keys + 4])) as Message[], answer, fail });
    });
  }
}

class OneAsker implements Asker {
  readonly number = 1;
  readonly host = 'example.org:443';
  readonly terms = { interval: 0, burst: 1, concurrency: 5 };
  readonly heard: Answer[] = [];

  begin(): number {
    return 3;
  }

  hear(answer: Answer): void {
    this.heard.push(answer);
  }
}

let redis: SlowRedis;
let exchange: HostExchange;
let silences: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
  Logger.overrideLogger(false);
  redis = new SlowRedis();
  silences = 0;
  exchange = new HostExchange(redis as unknown as Redis, {
    prefix: 'test',
    leaseMs: 40_000,
    breakerFailures: 5,
    breakerCooldownMs: 10_000,
    breakerMaxCooldownMs: 600_000,
    onTransitions: () => undefined,
    onSilence: () => silences++,
  });
});
afterEach(() => vi.useRealTimers());

const leave = (id: string): Leave => ({ host: 'example.org:443', id, kind: 'failed', started: 1 });
const idsOf = (call: number) =>
  redis.calls[call]!.messages.flatMap(({ leaves }) => leaves.map(({ id }) => id));

describe('the exchange with Redis', () => {
  it('makes one call of what is said in a turn, and the next when that is answered', async () => {
    const asker = new OneAsker();
    exchange.leave(leave('a'));
    exchange.ask(asker);
    exchange.leave(leave('b'));
    await vi.advanceTimersByTimeAsync(0);
    expect(idsOf(0)).toEqual(['a', 'b']);
    exchange.leave(leave('c'));
    await vi.advanceTimersByTimeAsync(100);
    expect(redis.calls).toHaveLength(1);
    redis.calls[0]!.answer([77, 0, 0, 0, 2, 2, 1500]);
    await vi.advanceTimersByTimeAsync(0);
    const { id } = redis.calls[0]!.messages[0]!.asks[0]!;
    expect(asker.heard).toEqual([{ id, granted: 2, started: 77, refusal: 'concurrency', waitMs: 2 }]);
    expect(idsOf(1)).toEqual(['c']);
  });

  it('says again what may not have been heard, and gives back what it may have been granted', async () => {
    const asker = new OneAsker();
    exchange.leave(leave('a'));
    exchange.ask(asker);
    await vi.advanceTimersByTimeAsync(0);
    exchange.leave(leave('b'));
    redis.calls[0]!.fail(new Error('the connection was cut'));
    await vi.advanceTimersByTimeAsync(0);
    expect(redis.calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(250);
    expect(idsOf(1)).toEqual(['a', 'b']);
    const [before, after] = redis.calls.map(({ messages }) => messages[0]!);
    expect(after!.lost).toMatchObject([{ id: before!.asks[0]!.id, count: 3 }]);
    expect(after!.asks[0]!.id).not.toBe(before!.asks[0]!.id);
    expect(silences).toBe(1);
  });

  it('has nothing to give back when Redis refused', async () => {
    exchange.ask(new OneAsker());
    await vi.advanceTimersByTimeAsync(0);
    redis.calls[0]!.fail(new ReplyError('OOM command not allowed') as Error);
    await vi.advanceTimersByTimeAsync(250);
    expect(redis.calls[1]!.messages[0]).toMatchObject({ lost: [], asks: [{ count: 3 }] });
  });

  it('uses no permit of which it hears when others may have got it already', async () => {
    const asker = new OneAsker();
    exchange.ask(asker);
    await vi.advanceTimersByTimeAsync(LEASE_MARGIN_MS + 1);
    redis.calls[0]!.answer([77, 0, 0, 0, 3, 0, 0]);
    await vi.advanceTimersByTimeAsync(0);
    expect(asker.heard).toEqual([]);
    expect(redis.calls[1]!.messages[0]).toMatchObject({
      lost: [{ id: redis.calls[0]!.messages[0]!.asks[0]!.id, count: 3 }],
      asks: [{ count: 3 }],
    });
  });

  it('sends nothing without a connection, looks for one four times a second, and keeps a bounded rest', async () => {
    redis.status = 'reconnecting';
    exchange.ask(new OneAsker());
    for (let n = 0; n < 12_000; n++) exchange.leave(leave(`p${n}`));
    await vi.advanceTimersByTimeAsync(10_000);
    expect([redis.calls.length, silences]).toEqual([0, 1]);
    expect(vi.getTimerCount()).toBe(1);
    redis.status = 'ready';
    for (let call = 0; call < 20; call++) {
      await vi.advanceTimersByTimeAsync(250);
      redis.calls[call]!.answer([77, 0, 0, 0, 0, 0, 0]);
    }
    await vi.advanceTimersByTimeAsync(250);
    expect(redis.calls).toHaveLength(20);
    const ids = redis.calls.flatMap((_, call) => idsOf(call));
    expect([ids[0], ids.at(-1), ids.length]).toEqual(['p2000', 'p11999', 10_000]);
  });

  it('says the rest when it ends, for a second at most', async () => {
    exchange.leave(leave('a'));
    const ended = vi.fn();
    void exchange.end().then(ended);
    await vi.advanceTimersByTimeAsync(500);
    expect(idsOf(0)).toEqual(['a']);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(600);
    expect(ended).toHaveBeenCalled();
  });
});
