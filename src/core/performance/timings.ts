import { Injectable } from '@nestjs/common';
import { stepOf, STEPS } from './duration-steps.js';
import type { WorkUnit } from './work-unit.js';

/** What is looked at for being slow. */
export const TIMED_KINDS = ['routes', 'tasks', 'queries'] as const;
export type TimedKind = (typeof TIMED_KINDS)[number];

/** Routes, tasks and statements are those of the code; should some be composed of data, the rest is one. */
const MAX_NAMES = 200;
export const OTHER = 'other';

/** What is known of one route, task or statement since it was last {@link Timings.take | taken}. */
export interface Timing {
  readonly name: string;
  readonly count: number;
  readonly totalMs: number;
  readonly maxMs: number;
  /** Queries that it made, all together; of a statement, how often it was sent. */
  readonly queries: number;
  /** The request or task that took `maxMs`, or sent the statement that did, and when (milliseconds since 1970). */
  readonly slowest: {
    readonly unit: string | undefined;
    readonly id: string | undefined;
    readonly at: number;
  };
  /** How many of `count` there are in each step of durations. */
  readonly steps: Uint32Array;
}

type Growing = { -readonly [Key in keyof Timing]: Timing[Key] };

/** How long routes, tasks and statements take in this process: an addition or two for each, and bounded memory. */
@Injectable()
export class Timings {
  private kinds = empty();

  /** @param unit what was timed, or what sent the statement that was. */
  record(kind: TimedKind, name: string, ms: number, queries: number, unit: WorkUnit | undefined): void {
    const timings = this.kinds[kind];
    let timing = timings.get(name);
    if (!timing) {
      const known = timings.size < MAX_NAMES ? name : OTHER;
      timing = timings.get(known) ?? none(known);
      timings.set(known, timing);
    }
    timing.count++;
    timing.totalMs += ms;
    timing.queries += queries;
    const step = stepOf(ms);
    timing.steps[step] = (timing.steps[step] ?? 0) + 1;
    if (ms <= timing.maxMs && timing.count > 1) return;
    timing.maxMs = ms;
    timing.slowest = { unit: unit?.name, id: unit?.id, at: Date.now() };
  }

  /** All that was timed since the last time. */
  take(): Record<TimedKind, Timing[]> {
    const { routes, tasks, queries } = this.kinds;
    this.kinds = empty();
    return { routes: [...routes.values()], tasks: [...tasks.values()], queries: [...queries.values()] };
  }
}

const empty = (): Record<TimedKind, Map<string, Growing>> => ({
  routes: new Map(),
  tasks: new Map(),
  queries: new Map(),
});

const none = (name: string): Growing => ({
  name,
  count: 0,
  totalMs: 0,
  maxMs: 0,
  queries: 0,
  slowest: { unit: undefined, id: undefined, at: 0 },
  steps: new Uint32Array(STEPS),
});
