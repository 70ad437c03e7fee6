import { Logger } from '@nestjs/common';
import { Gauge, Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GaugeReading } from './gauge-reading.js';

let registry: Registry;
let reads: { resolve: (value: number) => void; reject: (error: Error) => void }[];

beforeEach(() => {
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  registry = new Registry();
  reads = [];
  const gauge = (name: string) =>
    new Gauge({ name, help: name, labelNames: name === 'one' ? ['of'] : [], registers: [registry] });
  const [one, two] = [gauge('one'), gauge('two')];
  GaugeReading.attach({
    read: async () => new Promise<number>((resolve, reject) => reads.push({ resolve, reject })),
    tell: (value) => {
      one.set({ of: 'x' }, value);
      two.set(value);
    },
    gauges: [one, two],
    stale: gauge('stale'),
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The numbers at the ends of the lines of a scrape. */
const scrape = async (): Promise<Record<string, number>> => {
  const lines = (await registry.metrics()).split('\n').filter((line) => line && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.split(/[ {]/)[0], Number(line.split(' ')[1])]));
};

async function scrapeWith(value: number): Promise<Record<string, number>> {
  const scraped = scrape();
  reads.at(-1)?.resolve(value);
  return scraped;
}

describe('gauges of one reading', () => {
  it('are read once a scrape, and not at all a moment later', async () => {
    expect(await scrapeWith(7)).toEqual({ one: 7, two: 7, stale: 0 });
    expect(await scrape()).toEqual({ one: 7, two: 7, stale: 0 });
    expect(reads).toHaveLength(1);
    vi.advanceTimersByTime(1000);
    expect(await scrapeWith(8)).toEqual({ one: 8, two: 8, stale: 0 });
    expect(reads).toHaveLength(2);
  });

  it('have no values before the first answer', async () => {
    const scraped = scrape();
    reads[0]?.reject(new Error('away'));
    expect(await scraped).toEqual({ stale: 1 });
  });

  it('keep their last values, and say so, when the answer is an error', async () => {
    await scrapeWith(7);
    vi.advanceTimersByTime(1000);
    const scraped = scrape();
    reads[1]?.reject(new Error('away'));
    expect(await scraped).toEqual({ one: 7, two: 7, stale: 1 });
    expect(await scrapeWith(8)).toEqual({ one: 8, two: 8, stale: 0 });
  });

  it('wait half a second for an answer, and ask no second time before it is there', async () => {
    await scrapeWith(7);
    vi.advanceTimersByTime(1000);
    for (let scrapes = 0; scrapes < 3; scrapes++) {
      const scraped = scrape();
      await vi.advanceTimersByTimeAsync(500);
      expect(await scraped).toEqual({ one: 7, two: 7, stale: 1 });
    }
    expect(reads).toHaveLength(2);
    expect(await scrapeWith(8)).toEqual({ one: 8, two: 8, stale: 0 });
  });
});
