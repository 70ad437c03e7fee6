import type { AlertRule, Unit } from './rule.js';

const PLACE = /\{(\w+)\}/g;

/** A value as people read it: `12 %`, `3 min`, `1,204`. */
export function shownValue(value: number, unit: Unit): string {
  if (unit === 'ratio') return `${rounded(value * 100)} %`;
  if (unit === 'number') return rounded(value);
  if (value < 120) return `${rounded(value)} s`;
  if (value < 7200) return `${Math.round(value / 60)} min`;
  return `${Math.round(value / 3600)} h`;
}

/** What a rule says of one of its alerts. */
export function summaryOf(
  { summary, unit }: AlertRule,
  labels: Readonly<Record<string, string>>,
  value: number,
): string {
  return summary.replace(PLACE, (place, name: string) =>
    name === 'value' ? shownValue(value, unit) : (labels[name] ?? place),
  );
}

const HUMANIZED: Readonly<Record<Unit, string>> = {
  ratio: '{{ $value | humanizePercentage }}',
  seconds: '{{ $value | humanizeDuration }}',
  number: '{{ $value | humanize }}',
};

/** The same as a template of Prometheus. */
export function summaryTemplate({ summary, unit }: AlertRule): string {
  return summary.replace(PLACE, (_, name: string) =>
    name === 'value' ? HUMANIZED[unit] : `{{ $labels.${name} }}`,
  );
}

function rounded(value: number): string {
  return value.toLocaleString('en-US', {
    maximumSignificantDigits: value >= 100 ? 21 : 3,
    maximumFractionDigits: 2,
    roundingPriority: 'lessPrecision',
  });
}
