/** A claim about Gleaner's speed, and how it is measured. One file `bench/<name>.bench.ts` exports one. */
export interface Benchmark {
  /** What is compared, in a sentence. */
  claim: string;
  /** @throws Error when an answer is wrong: a benchmark of wrong answers is worth nothing. */
  run(context: BenchmarkContext): Promise<Outcome>;
}

export interface BenchmarkContext {
  name: string;
  /** Small and short: proves that the benchmark works, measures little. */
  quick: boolean;
  /** How often each of what is compared has its turn. */
  rounds: number;
  /** Folder of logs, profiles and intermediate files of this benchmark. */
  dir: string;
  /** Whether the processes under test write a CPU profile to `dir` when they end. */
  profile: boolean;
  /** URL of a PostgreSQL server at which databases may be created. */
  databaseUrl: string;
  redisUrl: string;
  /** What is started goes here, and is stopped in reverse order. */
  stack: AsyncDisposableStack;
  /** Progress, for people. */
  say: (line: string) => void;
}

export interface Outcome {
  measures: Measure[];
  aims: Aim[];
  /** Under what circumstances; what one has to know to read the numbers. */
  notes: string[];
}

/** One figure, measured once a round. */
export interface Measure {
  what: string;
  unit: string;
  median: number;
  min: number;
  max: number;
  samples: number[];
}

/** What we want to reach: it informs, it fails nothing. */
export interface Aim {
  what: string;
  value: number;
  atLeast?: number;
  atMost?: number;
  reached: boolean;
}

export function measure(what: string, unit: string, samples: readonly number[]): Measure {
  return {
    what,
    unit,
    median: median(samples),
    min: Math.min(...samples),
    max: Math.max(...samples),
    samples: [...samples],
  };
}

export function aim(what: string, value: number, target: { atLeast: number } | { atMost: number }): Aim {
  const reached = 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
  return { what, value, ...target, reached };
}

/** @throws Error for no samples: a median of nothing would be read as a number. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  if (upper === undefined || lower === undefined) throw new Error('nothing was measured');
  return (lower + upper) / 2;
}

/** Of each pair of one round: what comes and goes on the machine hits both alike. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, index) => value / (theirs[index] ?? Number.NaN));
}
