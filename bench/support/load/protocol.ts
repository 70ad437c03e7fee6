/** One stretch of load, as the generator is told it. */
export interface LoadJob {
  host: string;
  /** Connections are spread over them. */
  ports: number[];
  connections: number;
  durationMs: number;
  /** What is asked for; of several, one is drawn by its weight for each request. */
  mixes: Mix[];
  /** How the connections behave when they are to be many rather than busy. */
  patience?: Patience;
}

export interface Mix {
  weight: number;
  targets: Target[];
  /** In turn, or by Zipf's law: the k-th target with a probability proportional to 1/k^exponent. */
  pick: 'in turn' | { zipf: number; seed: number };
}

export interface Target {
  path: string;
  /** The body in base64 that has to come, byte for byte; without it, any JSON with status 200 is right. */
  body?: string;
}

interface Patience {
  /** Milliseconds in which the connections are opened, one after another. */
  openingMs: number;
  /** Milliseconds between an answer and the next request: anything from 0 to twice this. */
  pauseMs: number;
  /** Source addresses, taken in turn: each has some 28,000 ports of its own. */
  from: string[];
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
