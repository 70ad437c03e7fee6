import { Injectable } from '@nestjs/common';
import type {
  Age,
  Increase,
  InstallationGauge,
  ProcessGauge,
  Quantile,
  Ratio,
  Series,
} from '../rules/measure.js';
import type { AlertRule } from '../rules/rule.js';
import { isMeant, labelsIn, picked, valuesOf } from './process-samples.js';
import { quantileOf } from './quantile.js';
import { type Bucket, BUCKET_SECONDS, WindowStore } from './window-store.js';

/** A process that has told nothing within so many buckets is not there any more. */
const GAUGE_BUCKETS = 3;

/** What rules look at, over all processes. */
@Injectable()
export class ClusterMeasures {
  constructor(private readonly store: WindowStore) {}

  /**
   * @returns one value for each set of the labels that the rule tells apart; `undefined` when it is not known at the
   *   moment, because what tells it is away.
   * @throws when Redis does not answer.
   */
  async measure(rule: AlertRule): Promise<Series[] | undefined> {
    const { measure } = rule;
    switch (measure.kind) {
      case 'increase':
        return this.increases([measure], await this.window(rule));
      case 'ratio':
        return this.ratios(measure, await this.window(rule));
      case 'quantile':
        return this.quantiles(measure, await this.window(rule));
      case 'process':
        return this.processes(measure);
      case 'gauge':
        return this.gauge(measure, rule.by);
      case 'age':
      default:
        return this.age(measure);
    }
  }

  private async window({ windowSeconds }: AlertRule): Promise<Bucket[]> {
    return this.store.read(windowSeconds);
  }

  private increases(parts: readonly Increase[], buckets: readonly Bucket[]): Series[] {
    return summed(parts.flatMap((part) => fieldsOf(part, buckets)));
  }

  private ratios({ part, whole, atLeast }: Ratio, buckets: readonly Bucket[]): Series[] {
    const parts = new Map(this.increases(part, buckets).map(({ labels, value }) => [keyOf(labels), value]));
    return this.increases(whole, buckets)
      .filter(({ value }) => value >= atLeast)
      .map(({ labels, value }) => ({ labels, value: (parts.get(keyOf(labels)) ?? 0) / value }));
  }

  private quantiles(part: Quantile, buckets: readonly Bucket[]): Series[] {
    const histograms = new Map<string, Map<number, number>>();
    for (const { labels, value } of summed(fieldsOf(part, buckets))) {
      const { le, ...rest } = labels;
      const histogram = histograms.get(keyOf(rest)) ?? new Map<number, number>();
      histogram.set(le === '+Inf' ? Infinity : Number(le), value);
      histograms.set(keyOf(rest), histogram);
    }
    return Array.from(histograms, ([key, histogram]) => ({
      labels: JSON.parse(key) as Record<string, string>,
      count: histogram.get(Infinity) ?? 0,
      value: quantileOf(part.quantile, histogram),
    }))
      .filter(({ count }) => count >= part.atLeast)
      .map(({ labels, value }) => ({ labels, value }));
  }

  private async processes(part: ProcessGauge): Promise<Series[]> {
    const buckets = await this.store.read(GAUGE_BUCKETS * BUCKET_SECONDS);
    // The newest last, so that it replaces what was told before.
    const latest = new Map(fieldsOf(part, buckets).map((series) => [keyOf(series.labels), series]));
    return [...latest.values()];
  }

  private async gauge(part: InstallationGauge, by: readonly string[]): Promise<Series[] | undefined> {
    const { metric, stale } = part;
    const values = await valuesOf(metric);
    // After the gauge itself, whose reading tells whether it is stale.
    const [isStale] = stale === undefined ? [] : await valuesOf(stale);
    if (isStale?.value === 1) return undefined;
    const highest = new Map<string, Series>();
    for (const { labels, value } of values) {
      if (!isMeant(part, labels)) continue;
      const shown = picked(labels, by);
      const known = highest.get(keyOf(shown));
      if (!known || value > known.value) highest.set(keyOf(shown), { labels: shown, value });
    }
    return [...highest.values()];
  }

  private async age({ metric }: Age): Promise<Series[]> {
    const times = (await valuesOf(metric)).map(({ value }) => value);
    if (times.length === 0) return [];
    return [{ labels: {}, value: Date.now() / 1000 - Math.max(...times) }];
  }
}

function fieldsOf(part: Increase | ProcessGauge | Quantile, buckets: readonly Bucket[]): Series[] {
  return buckets.flatMap((bucket) =>
    Array.from(bucket, ([field, value]) => {
      const labels = labelsIn(field, part);
      return labels ? [{ labels, value }] : [];
    }).flat(),
  );
}

function summed(series: readonly Series[]): Series[] {
  const sums = new Map<string, Series>();
  for (const { labels, value } of series) {
    const key = keyOf(labels);
    sums.set(key, { labels, value: (sums.get(key)?.value ?? 0) + value });
  }
  return [...sums.values()];
}

const keyOf = (labels: Readonly<Record<string, string>>): string => JSON.stringify(labels);
