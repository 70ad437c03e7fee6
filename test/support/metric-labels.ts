interface LabelBound {
  /** What its values are, for docs/metrics.md. */
  readonly values: string;
  /** How many there can be in a process. */
  readonly most: number;
  /** Whether they come up as time goes on: then their series cannot begin at 0. */
  readonly free?: true;
}

const inTheCode = (most: number): LabelBound => ({ values: 'a list in the code', most });

/** Every label, for each of its values is a series that lives as long as the process. */
export const LABELS: Readonly<Record<string, LabelBound>> = {
  cache: { values: 'the reads of the code that are cached, from the first read on', most: 20, free: true },
  channel: { values: 'the channels by which alerts are told of', most: 5 },
  connection: { values: 'connections to Redis, as the code calls them', most: 20 },
  error: {
    values: 'codes, or else classes, of errors: the first 50 that the process sees, and `other`',
    most: 51,
    free: true,
  },
  finish_reason: { values: 'why runs end: a list in the code', most: 9 },
  kind: inTheCode(6),
  limit: { values: 'the limits of requests, and `none`', most: 10 },
  method: { values: 'seven methods of HTTP, and `other`', most: 8, free: true },
  mode: { values: 'of this process', most: 1 },
  node: { values: 'of this process', most: 1 },
  operation: { values: 'kinds of statements: a list in the code', most: 6 },
  outcome: inTheCode(6),
  queue: { values: 'the queues', most: 3 },
  reason: inTheCode(6),
  result: inTheCode(6),
  route: {
    values: 'templates of routes, and `unmatched`, from the first request on',
    most: 200,
    free: true,
  },
  source: {
    values:
      'the first 200 sources, and `other`; in `gleaner_scrape_…` from the first batch on that this process has stored of it',
    most: 201,
    free: true,
  },
  state: inTheCode(5),
  status: { values: 'classes: `1xx` to `5xx`', most: 5, free: true },
  step: inTheCode(2),
  task: { values: 'the tasks that are declared, and `unknown`', most: 50 },
  tier: { values: 'the tiers of the cache', most: 4 },
  type: { values: 'what happens to tasks: a list in the code', most: 14 },
  unit: {
    values: 'templates of routes, tasks, batches and periodic works, from the first time on',
    most: 300,
    free: true,
  },
  version: { values: 'of this process', most: 1 },
};
