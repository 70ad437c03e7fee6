/** One stretch of load, as the generator is told it. */
export interface LoadJob {
  host: string;
  port: number;
  connections: number;
  durationMs: number;
  targets: Target[];
  /** Whether targets are taken in turn, or by Zipf's law: the k-th with a probability proportional to 1/k^exponent. */
  pick: 'in turn' | { zipf: number; seed: number };
}

export interface Target {
  path: string;
  /** The body in base64 that has to come, byte for byte; without it, any JSON with status 200 is right. */
  body?: string;
}

export interface LoadResult {
  /** Right answers. */
  answers: number;
  /** Anything else: wrong bytes, other statuses, broken connections. */
  errors: number;
  /** What the first of them was. */
  firstError: string | undefined;
  seconds: number;
  /** Milliseconds from sending a request to the last byte of its answer. */
  latency: { p50: number; p95: number; p99: number; max: number };
  /** Share of one core that the generator itself took: near 1, it measured itself. */
  cpu: number;
}
