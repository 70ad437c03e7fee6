import { cpus } from 'node:os';
import type { Aim, Measure, Outcome } from './benchmark.ts';

/** What `--json` writes. */
export interface Report {
  startedAt: string;
  machine: { cpu: string; cores: number; node: string; platform: string };
  quick: boolean;
  rounds: number;
  benchmarks: BenchmarkReport[];
}

export interface BenchmarkReport extends Outcome {
  name: string;
  claim: string;
  seconds: number;
}

export function machine(): Report['machine'] {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** A benchmark's figures as a table for people. */
export function table({ name, claim, seconds, measures, aims, notes }: BenchmarkReport): string {
  const rows = [
    ['', 'median', 'min', 'max', ''],
    ...measures.map(({ what, unit, ...figures }: Measure) => [
      what,
      digits(figures.median),
      digits(figures.min),
      digits(figures.max),
      unit,
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column === 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return [
    `\n── ${name} (${seconds.toFixed(0)} s): ${claim}\n`,
    ...lines,
    '',
    ...aims.map(aimLine),
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}

/** Whether what we want was reached. */
export function aimLine({ what, value, atLeast, atMost, reached }: Aim): string {
  const target = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  return `aim: ${what} ${target}: ${digits(value)}, ${reached ? 'reached' : 'MISSED'}`;
}

/** Three significant digits: more would be noise. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const decimals = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en', {
    minimumFractionDigits: Math.min(decimals, 6),
    maximumFractionDigits: Math.min(decimals, 6),
  });
}
