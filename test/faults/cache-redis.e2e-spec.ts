import { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { type Site, startSite } from '../fixtures/site/index.ts';
import { Api } from '../support/api.js';
import { ask, type Asked, metricOf } from '../support/asking.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { GleanerProcess } from '../support/gleaner-process.js';
import { OwnRedis } from '../support/own-redis.js';

/** What a change may take to be seen, and what finding out may take on a busy machine. */
const SEEN_WITHIN_MS = 1000;
const SLACK_MS = 500;

const NO_LIMIT = '10000000/1000s,burst=10000000';

let site: Site;
let redis: OwnRedis;
let environment: TestEnvironment;
let processes: GleanerProcess[];
/** Two processes of the compiled application: one scrapes and serves, the other only serves. */
let one: string;
let other: string;

beforeAll(async () => {
  site = await startSite();
  redis = await OwnRedis.provide('cache-redis');
  environment = await createEnvironment({
    QUOTES_START_URL: site.url,
    REDIS_URL: redis.url,
    THROTTLE_DEFAULT: NO_LIMIT,
    THROTTLE_SEARCH: NO_LIMIT,
    THROTTLE_RUN: NO_LIMIT,
  });
  processes = ['all', 'api'].map((mode) =>
    GleanerProcess.spawn({ ...environment.env, MODE: mode, LOG_LEVEL: 'info' }),
  );
  [one = '', other = ''] = await Promise.all(processes.map((each) => each.listening()));
  await new Api(one).scrape();
});

beforeEach(() =>
  onTestFailed(() =>
    processes.forEach((each) =>
      console.log(
        each.log
          .split('\n')
          .filter((line) => !line.includes('request completed'))
          .slice(-20),
      ),
    ),
  ),
);

afterAll(async () => {
  for (const each of processes ?? []) {
    each.kill('SIGKILL');
    await each.exit();
  }
  await environment?.dispose();
  await redis?.dispose();
  await site?.close();
});

const REQUESTS = 'gleaner_cache_requests_total';

async function both(name: string, ...labels: string[]): Promise<number> {
  const [here, there] = await Promise.all([metricOf(one, name, ...labels), metricOf(other, name, ...labels)]);
  return here + there;
}

let unread = 0;
/** A list that nobody has asked for yet. */
const anotherList = (): string => `/api/v1/quotes?limit=${1 + (unread++ % 100)}&author=nobody-${unread}`;

/** Asks both processes all the time, for what is cached and what is not, until told to stop. */
function load(): () => Promise<Asked[]> {
  const answers: Asked[] = [];
  const stop = new AbortController();
  const clients = Array.from({ length: 6 }, async (_, client) => {
    const url = client % 2 ? one : other;
    while (!stop.signal.aborted) {
      answers.push(await ask(url + (client < 4 ? '/api/v1/quotes?limit=10' : anotherList())));
      await delay(10); // The processes shall be busy, not the machine.
    }
  });
  return async () => {
    stop.abort();
    await Promise.all(clients);
    return answers;
  };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const circuitsAre = async (open: 0 | 1): Promise<void> => {
  await eventually(`both circuits to be ${open ? 'open' : 'closed'}`, async () =>
    (await both('gleaner_cache_circuit_open')) === 2 * open ? true : undefined,
  );
};

describe('two processes', () => {
  it('fetch an expensive read once, however many ask both at the same time', async () => {
    const path = '/api/v1/quotes?limit=37';
    const before = await both(REQUESTS, 'cache="quotes"', 'result="shared"');
    const client = new Client({ connectionString: environment.env['DATABASE_URL'] });
    await client.connect();
    // Whoever reads quotes waits here, so that nothing is answered before all have asked.
    await client.query('BEGIN; LOCK TABLE quote IN ACCESS EXCLUSIVE MODE');
    const asked = Promise.all(
      Array.from({ length: 60 }, async (_, index) => ask((index % 2 ? one : other) + path)),
    );
    try {
      await eventually('all to wait', async () =>
        (await both(REQUESTS, 'cache="quotes"', 'result="shared"')) - before >= 58 ? true : undefined,
      );
      const waiting = await eventually('a fetch', async () => {
        const { rows } = await client.query<{ count: number }>(
          `SELECT count(*)::int FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE 'gleaner%'`,
        );
        return (rows[0]?.count ?? 0) > 0 ? rows[0]?.count : undefined;
      });
      expect(waiting).toBe(1);
    } finally {
      await client.end();
    }
    const answers = await asked;
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  });
});

describe('a scrape', () => {
  it('is seen by the other process within a second of its commit', async () => {
    await expectSeenInTime(await startScrape());
  });

  it('is seen in time when every message about it is lost', async () => {
    const admin = new Redis(redis.url);
    const stop = new AbortController();
    let cut = 0;
    const cutting = (async () => {
      while (!stop.signal.aborted) cut += Number(await admin.client('KILL', 'TYPE', 'pubsub'));
    })();
    await eventually('connections to be cut', async () => (cut > 2 ? true : undefined));
    await expectSeenInTime(await startScrape());
    stop.abort();
    await cutting;
    admin.disconnect();
  });

  async function quote(): Promise<{ id: number; count: number }> {
    const rows = await environment.query<{ id: string; scraped_count: number }>(
      'SELECT id, scraped_count FROM quote ORDER BY id LIMIT 1',
    );
    return { id: Number(rows[0]?.id), count: rows[0]?.scraped_count ?? 0 };
  }

  /** @returns how often the quote that is watched had been scraped before. */
  async function startScrape(): Promise<number> {
    const { count } = await quote();
    await eventually('a run to begin', async () => new Api(one).startRun());
    return count;
  }

  async function expectSeenInTime(before: number): Promise<void> {
    const { id } = await quote();
    const path = `${other}/api/v1/quotes/${id}`;
    let committedAt: number | undefined;
    const seenAt = await eventually('the other process to see it', async () => {
      // It is read all the time, so that it is in memory when it changes.
      const answer = JSON.parse((await ask(path)).body) as { scrapedCount: number };
      if (answer.scrapedCount > before) return performance.now();
      if (committedAt === undefined && (await quote()).count > before) committedAt = performance.now();
      return undefined;
    });
    // Seen before this test itself could see it in the database is in time, too.
    expect(seenAt - (committedAt ?? seenAt)).toBeLessThan(SEEN_WITHIN_MS + SLACK_MS);
    await eventually('the run to end', async () => {
      const [run] = (await new Api(one).get<{ items: { status: string }[] }>('/api/v1/runs?limit=1')).items;
      return run?.status === 'succeeded' ? true : undefined;
    });
  }
});

describe('while Redis hangs', () => {
  it('every read is answered within a bounded time, soon at once, and changes are seen all the same', async () => {
    const stop = load();
    await ask(`${one}/api/v1/quotes?limit=10`);
    redis.freeze();
    try {
      await circuitsAre(1);
      const fast: number[] = [];
      for (let n = 0; n < 30; n++) {
        const answer = await ask((n % 2 ? one : other) + anotherList());
        expect(answer.status).toBe(200);
        fast.push(answer.ms);
      }
      expect(median(fast)).toBeLessThan(150);

      // Nobody can say that it has changed; nothing in memory is believed for longer than a second.
      await environment.query('UPDATE quote SET scraped_count = scraped_count + 1000');
      const changedAt = performance.now();
      await eventually('the change to be seen', async () => {
        const { items } = await new Api(other).quotes('?limit=10');
        return (items[0]?.scrapedCount ?? 0) > 1000 ? true : undefined;
      });
      expect(performance.now() - changedAt).toBeLessThan(SEEN_WITHIN_MS + SLACK_MS);
    } finally {
      redis.thaw();
    }
    const answers = await stop();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(5000);
    await circuitsAre(0);
    await expectCachedAgain();
  });
});

describe('when Redis is killed', () => {
  it('reads go on, and are cached again when it is back, empty', async () => {
    const stop = load();
    redis.kill();
    await circuitsAre(1);
    for (let n = 0; n < 20; n++) expect((await ask(one + anotherList())).status).toBe(200);
    await redis.start();
    await circuitsAre(0);
    const answers = await stop();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(5000);
    await expectCachedAgain();
  });
});

/** Both tiers work: what one process has fetched comes from Redis for the other, and from memory after that. */
async function expectCachedAgain(): Promise<void> {
  await eventually('both tiers to work', async () => {
    const path = anotherList();
    const redisHits = await metricOf(other, REQUESTS, 'result="hit"', 'tier="redis"');
    await ask(one + path);
    await ask(other + path);
    const memoryHits = await metricOf(other, REQUESTS, 'result="hit"', 'tier="memory"');
    await ask(other + path);
    const fromRedis = (await metricOf(other, REQUESTS, 'result="hit"', 'tier="redis"')) > redisHits;
    const fromMemory = (await metricOf(other, REQUESTS, 'result="hit"', 'tier="memory"')) > memoryHits;
    return fromRedis && fromMemory ? true : undefined;
  });
}
