import { Injectable } from '@nestjs/common';
import { percentileOf, type TimedKind } from '../../core/performance/index.js';
import { type StoredTiming, TimingStore, type Window } from './timing-store.js';

/** By what the slowest are chosen: one of them takes long, or all together do. */
export const RANKINGS = ['p95', 'mean', 'max', 'total'] as const;
export type Ranking = (typeof RANKINGS)[number];

/** A route, task or statement, as all processes have seen it. */
export interface SlowItem {
  readonly name: string;
  readonly count: number;
  readonly totalMs: number;
  readonly meanMs: number;
  /** Within 9 %. */
  readonly p95Ms: number;
  readonly maxMs: number;
  /** Queries of one request or task, on average; 1 for a statement. */
  readonly queries: number;
  /** The request or task that took `maxMs`, or sent the statement that did. */
  readonly slowest: {
    /** Route or task; also what is no part of either has no name. */
    readonly unit: string | undefined;
    /** Of the request, in the log, or of the task, in the history. */
    readonly id: string | undefined;
    /** Milliseconds since 1970. */
    readonly at: number;
  };
}

/** What takes longest in the whole installation, no more than ten seconds behind. */
@Injectable()
export class Slowest {
  constructor(private readonly store: TimingStore) {}

  /**
   * @returns at most `limit`, the slowest first, and from when on they count, in milliseconds since 1970.
   * @throws what ioredis throws, within a second, when Redis is away.
   */
  async list(
    kind: TimedKind,
    { window, by, limit }: { window: Window; by: Ranking; limit: number },
  ): Promise<{ since: number; items: SlowItem[] }> {
    const { since, timings } = await this.store.read(kind, window);
    const sums = new Map<string, StoredTiming>();
    for (const [name, timing] of timings) sums.set(name, sumOf(timing, sums.get(name)));
    const items = [...sums].map(([name, timing]) => toItem(name, timing));
    return { since, items: items.sort((a, b) => b[`${by}Ms`] - a[`${by}Ms`]).slice(0, limit) };
  }
}

function sumOf(one: StoredTiming, other: StoredTiming | undefined): StoredTiming {
  if (!other) return one;
  const steps = { ...other.steps };
  for (const [step, count] of Object.entries(one.steps)) steps[step] = (steps[step] ?? 0) + count;
  const { maxMs, slowest } = one.maxMs > other.maxMs ? one : other;
  return {
    count: one.count + other.count,
    totalMs: one.totalMs + other.totalMs,
    queries: one.queries + other.queries,
    maxMs,
    slowest,
    steps,
  };
}

function toItem(name: string, { count, totalMs, maxMs, queries, slowest, steps }: StoredTiming): SlowItem {
  const counts = new Map(Object.entries(steps).map(([step, times]) => [Number(step), times]));
  return {
    name,
    count,
    totalMs: rounded(totalMs),
    meanMs: rounded(totalMs / count),
    p95Ms: rounded(Math.min(percentileOf(counts, 0.95), maxMs)),
    maxMs: rounded(maxMs),
    queries: rounded(queries / count),
    slowest: { unit: slowest.unit, id: slowest.id, at: slowest.at },
  };
}

const rounded = (value: number): number => Math.round(value * 100) / 100;
