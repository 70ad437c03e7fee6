import type { Increase, Measure, Quantile, Where } from './measure.js';
import type { AlertRule } from './rule.js';

/** The condition of a rule in the language of Prometheus. */
export function promqlOf(rule: AlertRule): string {
  return `${valueOf(rule.measure, rule)} ${rule.above ? '>' : '<'} ${rule.threshold}${guardOf(rule)}`;
}

function valueOf(measure: Measure, rule: AlertRule): string {
  const { by } = rule;
  const grouped = by.length > 0 ? ` by (${by.join(', ')})` : '';
  switch (measure.kind) {
    case 'increase':
      return increased(measure, rule);
    case 'gauge':
      return `max${grouped} (${measure.metric}${selector(measure.where)})`;
    case 'age':
      return `time() - max (${measure.metric})`;
    case 'process':
      return `max by (instance) (${measure.metric})`;
    case 'ratio':
      return `${added(measure.part, rule)} / ${added(measure.whole, rule)}`;
    case 'quantile':
    default:
      return quantile(measure, rule);
  }
}

function quantile({ metric, not, quantile: part }: Quantile, { by, windowSeconds }: AlertRule): string {
  const buckets = `increase(${metric}_bucket${selector(undefined, not)}[${windowSeconds}s])`;
  return `histogram_quantile(${part}, sum by (${[...by, 'le'].join(', ')}) (${buckets}))`;
}

/** Of few there is no telling. */
function guardOf(rule: AlertRule): string {
  const { measure } = rule;
  if (measure.kind === 'ratio') return ` and ${added(measure.whole, rule)} >= ${measure.atLeast}`;
  if (measure.kind !== 'quantile') return '';
  const count: Increase = {
    kind: 'increase',
    metric: `${measure.metric}_count`,
    ...(measure.not && { not: measure.not }),
  };
  return ` and ${increased(count, rule)} >= ${measure.atLeast}`;
}

function added(parts: readonly Increase[], rule: AlertRule): string {
  const terms = parts.map((part) => increased(part, rule));
  return terms.length === 1 ? terms.join('') : `(${terms.join(' + ')})`;
}

function increased({ metric, where, not }: Increase, { by, windowSeconds }: AlertRule): string {
  const grouped = by.length > 0 ? ` by (${by.join(', ')})` : '';
  return `sum${grouped} (increase(${metric}${selector(where, not)}[${windowSeconds}s]))`;
}

function selector(where: Where = {}, not: Where = {}): string {
  const matchers = [...matchersOf(where, '='), ...matchersOf(not, '!=')];
  return matchers.length === 0 ? '' : `{${matchers.join(', ')}}`;
}

function matchersOf(labels: Where, operator: '=' | '!='): string[] {
  return Object.entries(labels).map(([label, values]) =>
    values.length === 1
      ? `${label}${operator}${JSON.stringify(values[0])}`
      : `${label}${operator === '=' ? '=~' : '!~'}${JSON.stringify(values.map(literally).join('|'))}`,
  );
}

/** For RE2, which Prometheus uses. */
function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
