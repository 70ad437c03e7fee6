/** What a panel filters by, on top of the processes that are chosen: label matchers such as `queue=~"$queue"`. */
export type Matchers = readonly string[];

const JOB = 'job=~"$job"';
const PROCESSES = [JOB, 'instance=~"$instance"'];

/**
 * Metrics that every process tells of the whole installation: the largest of them is the truth, and their sum would
 * count everything once a process. Beside each the metric that is 1 while a process cannot read them.
 */
const STALE: Readonly<Record<string, string>> = {
  gleaner_alerts: 'gleaner_alert_metrics_stale',
  gleaner_dead_letters: 'gleaner_dead_letter_metrics_stale',
  gleaner_politeness_breakers_open: 'gleaner_politeness_metrics_stale',
  gleaner_queue_consumers: 'gleaner_worker_metrics_stale',
  gleaner_queue_oldest_waiting_age_seconds: 'gleaner_queue_metrics_stale',
  gleaner_queue_tasks: 'gleaner_queue_metrics_stale',
  gleaner_source_last_run_suspicious: 'gleaner_source_metrics_stale',
  gleaner_workers: 'gleaner_worker_metrics_stale',
  gleaner_workers_missing: 'gleaner_worker_metrics_stale',
};

/** A metric of the chosen processes, as it is. */
export function of(metric: string, ...matchers: Matchers): string {
  return `${metric}{${[...PROCESSES, ...matchers].join(', ')}}`;
}

/** Events a second, e.g. `perSecond('gleaner_http_request_duration_seconds_count', ['status'])`. */
export function perSecond(counter: string, by: readonly string[] = [], ...matchers: Matchers): string {
  return sum(`rate(${of(counter, ...matchers)}[$__rate_interval])`, by);
}

/** Events in the time that the dashboard shows. */
export function inRange(counter: string, by: readonly string[] = [], ...matchers: Matchers): string {
  return sum(`increase(${of(counter, ...matchers)}[$__range])`, by);
}

/** The mean of a histogram in the time that the dashboard shows. */
export function meanInRange(histogram: string, by: readonly string[] = [], ...matchers: Matchers): string {
  return `${inRange(`${histogram}_sum`, by, ...matchers)} / ${inRange(`${histogram}_count`, by, ...matchers)}`;
}

/** What most of a histogram stayed below: `quantile(0.95, …)` is the p95. */
export function quantile(
  q: number,
  histogram: string,
  by: readonly string[] = [],
  ...matchers: Matchers
): string {
  return `histogram_quantile(${q}, ${perSecond(`${histogram}_bucket`, [...by, 'le'], ...matchers)})`;
}

/** The p50, p95 and p99 of a histogram, by legend. */
export function quantiles(
  histogram: string,
  by: readonly string[] = [],
  ...matchers: Matchers
): Record<string, string> {
  const labels = by.map((label) => ` {{${label}}}`).join('');
  return Object.fromEntries(
    [0.5, 0.95, 0.99].map((q) => [`p${q * 100}${labels}`, quantile(q, histogram, by, ...matchers)]),
  );
}

/** A gauge of the whole installation, without those processes that do not know it just now. */
export function ofInstallation(gauge: string, by: readonly string[] = [], ...matchers: Matchers): string {
  const stale = STALE[gauge];
  const known = `${gauge}{${[JOB, ...matchers].join(', ')}}`;
  return aggregate('max', stale ? `${known} unless on (instance, job) ${stale} == 1` : known, by);
}

/** Seconds since a moment that the whole installation knows; it goes on growing while nobody can read it. */
export function age(timestamp: string, by: readonly string[] = [], ...matchers: Matchers): string {
  return `time() - (${aggregate('max', `${timestamp}{${[JOB, ...matchers].join(', ')}}`, by)} > 0)`;
}

/** 0 where there would be nothing, for what is good when it is absent. */
export function orZero(expression: string): string {
  return `${expression} or vector(0)`;
}

export function sum(expression: string, by: readonly string[] = []): string {
  return aggregate('sum', expression, by);
}

export function max(expression: string, by: readonly string[] = []): string {
  return aggregate('max', expression, by);
}

export function topk(count: number, expression: string): string {
  return `topk(${count}, ${expression})`;
}

function aggregate(how: string, expression: string, by: readonly string[]): string {
  return by.length > 0 ? `${how} by (${by.join(', ')}) (${expression})` : `${how}(${expression})`;
}
