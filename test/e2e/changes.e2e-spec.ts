import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { RedisConnections } from '../../src/core/redis/index.js';
import { ChangeFeed } from '../../src/platform/changes/change-feed.js';
import { ChangeLog } from '../../src/platform/changes/change-log.js';
import type { ChangeMetrics } from '../../src/platform/changes/changes.metrics.js';
import { BEGINNING } from '../../src/platform/changes/place.js';
import { eventually } from '../support/eventually.js';

const prefix = `changes-${process.pid}`;
const counter = { inc: () => undefined };
let redis: Redis;
/** What the feed reads on; `answered` holds its answers back, as a frozen process does. */
let blocking: Redis;
let answered: () => Promise<void>;
let log: ChangeLog;
let feed: ChangeFeed;
let stop: AbortController;

beforeEach(async () => {
  redis = new Redis(inject('redisUrl'));
  blocking = new Redis(inject('redisUrl'));
  answered = async () => undefined;
  const xread = blocking.xread.bind(blocking) as (...args: unknown[]) => Promise<unknown>;
  Object.assign(blocking, {
    xread: async (...args: unknown[]) => {
      const answer = await xread(...args);
      await answered();
      return answer;
    },
  });
  log = new ChangeLog(redis, { url: '', prefix }, {
    told: counter,
    lost: counter,
  } as unknown as ChangeMetrics);
  feed = new ChangeFeed(log, { connect: () => blocking } as unknown as RedisConnections);
  stop = new AbortController();
  await redis.del(log.key);
});
afterEach(async () => {
  stop.abort();
  feed.onApplicationShutdown();
  await redis.del(log.key);
  redis.disconnect();
});

const tell = async (...ids: string[]): Promise<void> => {
  for (const id of ids) await redis.xadd(log.key, '*', 'changes', JSON.stringify([{ kind: 'task', id }]));
};

/** Follows from the beginning; what was read is in the list, `gap` for what is missing. */
function follow(): string[] {
  const seen: string[] = [];
  void (async () => {
    for await (const { entries, gap } of feed.follow(BEGINNING, stop.signal)) {
      if (gap) seen.push('gap');
      seen.push(...entries.flatMap(({ changes }) => changes.map(({ id }) => id)));
    }
  })();
  return seen;
}
const until = async (seen: string[], last: string): Promise<void> =>
  void (await eventually(`${last} is read`, async () => seen.at(-1) === last || undefined));

describe('following the changes', () => {
  it('tells of a gap when the process was frozen for longer than they are kept', async () => {
    const seen = follow();
    await tell('a');
    await until(seen, 'a');
    const thaw = Promise.withResolvers<void>();
    const frozen = Promise.withResolvers<void>();
    answered = async () => {
      frozen.resolve();
      await thaw.promise;
    };
    await tell('b');
    await frozen.promise;
    await tell('c', 'd', 'e');
    await redis.xtrim(log.key, 'MAXLEN', 1);
    answered = async () => undefined;
    thaw.resolve();
    await until(seen, 'e');
    expect(seen).toEqual(['a', 'gap', 'e']);
  });

  it('goes on with what came while a reader looked what it had missed', async () => {
    await tell('a');
    const [row] = await redis.xrange(log.key, '-', '+');
    await redis.xtrim(log.key, 'MAXLEN', 0);
    const [ms, seq] = String(row?.[0]).split('-').map(Number);
    const reads = feed.follow({ ms: ms ?? 0, seq: (seq ?? 0) + 1, taken: 0 }, stop.signal);
    expect((await reads.next()).value).toEqual({ entries: [], gap: true });
    await tell('b');
    expect((await reads.next()).value).toMatchObject({ entries: [{ changes: [{ id: 'b' }] }], gap: false });
  });

  it('takes many readers without a warning', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const all = Array.from({ length: 20 }, follow);
    await tell('a');
    for (const seen of all) await until(seen, 'a');
    await tell('b');
    for (const seen of all) await until(seen, 'b');
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });
});
