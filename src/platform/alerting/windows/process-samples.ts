import { type MetricObjectWithValues, type MetricValue, register } from 'prom-client';
import type { Increase, ProcessGauge, Quantile, Where } from '../rules/measure.js';

type Part = Increase | ProcessGauge | Quantile;

type Labels = Readonly<Partial<Record<string, string | number>>>;

/** One number of this process, and the name under which processes add it up. */
export interface Sample {
  readonly field: string;
  readonly value: number;
}

/** The name of a part of a measure for one set of labels. */
export function fieldOf(part: Part, labels: Readonly<Record<string, string>>): string {
  return `${partKey(part)} ${JSON.stringify(labels)}`;
}

/** The labels in the name of a part of a measure; `undefined` when it is the name of another. */
export function labelsIn(field: string, part: Part): Record<string, string> | undefined {
  const key = `${partKey(part)} `;
  return field.startsWith(key) ? (JSON.parse(field.slice(key.length)) as Record<string, string>) : undefined;
}

/** Equal for parts that ask the same. */
function partKey(part: Part): string {
  const { where = {}, not = {} } = { where: undefined, not: undefined, ...part };
  return JSON.stringify([part.kind, part.metric, where, not]);
}

/** Of a part for a rule whose alerts are told apart `by` labels: by which its numbers have to be. */
function labelsOf(part: Part, by: readonly string[]): readonly string[] {
  return part.kind === 'quantile' ? [...by, 'le'] : by;
}

/** What the metrics of this process are now, as far as the part asks for it. Unknown metrics have no values. */
export async function samplesOf(part: Increase | Quantile, by: readonly string[]): Promise<Sample[]> {
  const sums = new Map<string, number>();
  const name = part.kind === 'quantile' ? `${part.metric}_bucket` : part.metric;
  for (const { labels, value } of await valuesOf(name)) {
    if (!isMeant(part, labels)) continue;
    const field = fieldOf(part, picked(labels, labelsOf(part, by)));
    sums.set(field, (sums.get(field) ?? 0) + value);
  }
  return Array.from(sums, ([field, value]) => ({ field, value }));
}

/** Some of the labels, in the order of their names. */
export function picked(labels: Labels, names: readonly string[]): Record<string, string> {
  return Object.fromEntries([...names].sort().map((name) => [name, String(labels[name] ?? '')]));
}

/** The values of a metric of this process; of a histogram its name ends with what is meant of it. */
export async function valuesOf(
  name: string,
): Promise<readonly Pick<MetricValue<string>, 'labels' | 'value'>[]> {
  const metric =
    register.getSingleMetric(name) ?? register.getSingleMetric(name.replace(/_(?:count|bucket)$/, ''));
  if (!metric) return [];
  const { values } = (await metric.get()) as MetricObjectWithValues<
    MetricValue<string> & { metricName?: string }
  >;
  return values.filter(({ metricName }) => metricName === undefined || metricName === name);
}

/** Whether the series with these labels is one that is looked at. */
export function isMeant(part: { readonly where?: Where; readonly not?: Where }, labels: Labels): boolean {
  const has = ([label, values]: [string, readonly string[]]) => values.includes(String(labels[label]));
  return Object.entries(part.where ?? {}).every(has) && !Object.entries(part.not ?? {}).some(has);
}
