/** Which series of a metric are meant: those whose label has one of these values. */
export type Where = Readonly<Record<string, readonly string[]>>;

/**
 * How much a counter, or the number of what a histogram has observed, has grown in the rule's window, over all
 * processes.
 */
export interface Increase {
  readonly kind: 'increase';
  readonly metric: string;
  readonly where?: Where;
  readonly not?: Where;
}

/** A gauge of the whole installation, which every process tells alike; not known while `stale` is 1. */
export interface InstallationGauge {
  readonly kind: 'gauge';
  readonly metric: string;
  readonly where?: Where;
  readonly stale?: string;
}

/** How long ago a moment is that such a gauge tells in seconds since 1970. */
export interface Age {
  readonly kind: 'age';
  readonly metric: string;
}

/** A gauge of each process by itself; one value an instance. */
export interface ProcessGauge {
  readonly kind: 'process';
  readonly metric: string;
}

/** A part of a whole; not known, and not alerted on, while the whole is less than `atLeast`. */
export interface Ratio {
  readonly kind: 'ratio';
  readonly part: readonly Increase[];
  readonly whole: readonly Increase[];
  readonly atLeast: number;
}

/** A quantile of what a histogram has observed in the rule's window; not known when that is less than `atLeast`. */
export interface Quantile {
  readonly kind: 'quantile';
  readonly metric: string;
  readonly not?: Where;
  readonly quantile: number;
  readonly atLeast: number;
}

/**
 * What a rule looks at, as data: evaluated over the cluster by Gleaner itself (`ClusterMeasures`), and written as PromQL
 * for Prometheus (`promqlOf`), so that both ask the same.
 */
export type Measure = Increase | InstallationGauge | Age | ProcessGauge | Ratio | Quantile;

/** What a measure is for one set of labels. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The parts of a measure that processes have to tell each other of. */
export function sampledParts(measure: Measure): readonly (Increase | ProcessGauge | Quantile)[] {
  switch (measure.kind) {
    case 'ratio':
      return [...measure.part, ...measure.whole];
    case 'increase':
    case 'process':
    case 'quantile':
      return [measure];
    case 'gauge':
    case 'age':
    default:
      return [];
  }
}
