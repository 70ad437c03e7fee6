import { Logger } from '@nestjs/common';
import { ReplyError, type Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer, Asker, Leave } from './host-call.js';
import { HostExchange } from './host-exchange.js';

interface Message {
  lost: { id: string; count: number }[];
  leaves: { id: string }[];
  held: string[];
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
  readonly terms = { interval: 0, burst: 1, concurrency: 5 };
  readonly heard: Answer[] = [];

  constructor(
    readonly number = 1,
    readonly host = 'example.org:443',
    private readonly wanted = 3,
  ) {}

  begin(atMost: number): number {
    return Math.min(this.wanted, atMost);
  }

  hear(answer: Answer): void {
    this.heard.push(answer);
  }
}

const LEASE_MS = 40_000;
const ROOM = 5;

let redis: SlowRedis;
let exchange: HostExchange;
let silences: number;
let losses: number;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'performance'],
  });
  Logger.overrideLogger(false);
  redis = new SlowRedis();
  [silences, losses] = [0, 0];
  exchange = new HostExchange(redis as unknown as Redis, {
    prefix: 'test',
    leaseMs: LEASE_MS,
    concurrentRequests: ROOM,
    breakerFailures: 5,
    breakerCooldownMs: 10_000,
    breakerMaxCooldownMs: 600_000,
    onTransitions: () => undefined,
    onSilence: () => silences++,
    onLost: (count) => (losses += count),
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
    expect(asker.heard).toEqual([
      { id, granted: 2, askedAt: expect.any(Number), started: 77, refusal: 'concurrency', waitMs: 2 },
    ]);
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
    await vi.advanceTimersByTimeAsync(LEASE_MS / 5 + 1);
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

/** A permit that tells whether it was lost. */
const permit = (id: string) => ({ host: 'example.org:443', id, lose: vi.fn() });
const nothing = [77, 0, 0, 0];

describe('a permit that is held', () => {
  const heldIn = (call: number) => redis.calls[call]?.messages.flatMap(({ held }) => held);

  it('is renewed over and over again for as long as its request takes, and no longer', async () => {
    const slow = permit('slow');
    exchange.hold(slow, performance.now());
    for (let call = 0; call < 10; call++) {
      await vi.advanceTimersByTimeAsync(LEASE_MS * 0.3);
      expect(heldIn(call)).toEqual(['slow']);
      redis.calls[call]!.answer(nothing);
      await vi.advanceTimersByTimeAsync(0);
    }
    exchange.leave(leave('slow'));
    await vi.advanceTimersByTimeAsync(0);
    redis.calls[10]!.answer(nothing);
    await vi.advanceTimersByTimeAsync(10 * LEASE_MS);
    expect(slow.lose).not.toHaveBeenCalled();
    expect([redis.calls.length, vi.getTimerCount()]).toEqual([11, 0]);
  });

  it('is not worth a word when its request is quick', async () => {
    exchange.hold(permit('quick'), performance.now());
    await vi.advanceTimersByTimeAsync(LEASE_MS / 6);
    exchange.leave(leave('quick'));
    await vi.advanceTimersByTimeAsync(0);
    expect(redis.calls.map(({ messages }) => messages[0]!.held)).toEqual([[]]);
  });

  it('is lost once, and before its lease is over, when that cannot be renewed', async () => {
    const [before, after] = [permit('before'), permit('after')];
    exchange.hold(before, performance.now());
    await vi.advanceTimersByTimeAsync(LEASE_MS / 2);
    redis.calls[0]!.fail(new Error('the connection was cut'));
    exchange.hold(after, performance.now());
    await vi.advanceTimersByTimeAsync(LEASE_MS * 0.4);
    expect(before.lose).toHaveBeenCalledTimes(1);
    expect(after.lose).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    expect([before.lose.mock.calls.length, after.lose.mock.calls.length, losses]).toEqual([1, 1, 2]);
  });

  it('is not renewed any more once it is lost, though it is just being told', async () => {
    const slow = permit('slow');
    exchange.hold(slow, performance.now());
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    expect(slow.lose).toHaveBeenCalledTimes(1);
    redis.calls[0]!.answer(nothing);
    await vi.advanceTimersByTimeAsync(10 * LEASE_MS);
    expect(redis.calls).toHaveLength(1);
    expect(losses).toBe(1);
  });
});

describe('the room of a process', () => {
  const asked = (call: number) => redis.calls[call]?.messages.map(({ asks }) => asks[0]?.count);
  const answer = async (call: number, granted: readonly number[]) => {
    redis.calls[call]!.answer([77, ...granted.flatMap((count) => [0, 0, 0, count, 0, 0])]);
    await vi.advanceTimersByTimeAsync(0);
  };

  it('is all that is asked for, by one host or by several in fair shares', async () => {
    exchange.ask(new OneAsker(1, 'hot.example:80', 1000));
    await vi.advanceTimersByTimeAsync(0);
    expect(asked(0)).toEqual([5]);
    await answer(0, [0]);
    exchange.ask(new OneAsker(1, 'hot.example:80', 1000));
    exchange.ask(new OneAsker(2, 'cold.example:80', 1));
    exchange.ask(new OneAsker(3, 'warm.example:80', 1000));
    await vi.advanceTimersByTimeAsync(0);
    expect(asked(1)).toEqual([2, 1, 2]);
  });

  it('is less by what is held, until that is given back', async () => {
    const held = ['a', 'b', 'c', 'd', 'e'].map(permit);
    for (const one of held) exchange.hold(one, performance.now());
    exchange.ask(new OneAsker(1, 'hot.example:80', 1000));
    await vi.advanceTimersByTimeAsync(0);
    expect(redis.calls).toHaveLength(0);
    exchange.leave(leave('a'));
    exchange.leave(leave('b'));
    await vi.advanceTimersByTimeAsync(0);
    expect(idsOf(0)).toEqual(['a', 'b']);
    expect(redis.calls[0]!.messages.flatMap(({ asks }) => asks.map(({ count }) => count))).toEqual([2]);
  });

  it('is still taken by a request that has lost its permit, until it has ended', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) exchange.hold(permit(id), performance.now());
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    redis.calls[0]!.answer(nothing);
    exchange.ask(new OneAsker());
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    expect([losses, redis.calls.length]).toEqual([5, 1]);
    exchange.leave(leave('a'));
    await vi.advanceTimersByTimeAsync(0);
    expect(asked(1)).toEqual([1]);
  });

  it('goes to hosts in turn, however much one of them asks for', async () => {
    for (const id of ['a', 'b', 'c', 'd']) exchange.hold(permit(id), performance.now());
    const hot = new OneAsker(0, 'hot.example:80', 1000);
    const order: string[] = [];
    exchange.ask(hot);
    for (let n = 1; n <= 3; n++) exchange.ask(new OneAsker(n, `cold-${n}.example:80`, 1));
    for (let call = 0; call < 8; call++) {
      await vi.advanceTimersByTimeAsync(0);
      const [question] = redis.calls[call]!.messages.flatMap(({ asks }) => asks);
      const number = Number(question!.id.split(':')[1]);
      order.push(number === 0 ? 'hot' : `cold ${number}`);
      if (number === 0) exchange.ask(hot);
      await answer(call, [1]);
    }
    expect(order).toEqual(['hot', 'cold 1', 'cold 2', 'cold 3', 'hot', 'hot', 'hot', 'hot']);
  });
});
