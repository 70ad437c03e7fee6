import 'reflect-metadata';
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** A row of the table for each probe, as its decorator has it. */
const rows = new Map(
  readFileSync('docs/health.md', 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .flatMap((cells): [string, string[]][] => {
      const name = /^`([a-z_]+)`$/.exec(cells[1] ?? '')?.[1];
      return name === undefined ? [] : [[name, cells]];
    }),
);

const PROBE =
  /@Probe\(\{ name: '(\w+)', timeoutMs: ([\d_]+), cacheMs: ([\d_]+), essential: (true|false) \}\)/;

const probes = globSync('src/**/*.health.ts').map((file) => {
  const text = readFileSync(file, 'utf8');
  const [, name = file, timeoutMs, cacheMs, essential] = PROBE.exec(text) ?? [];
  const seconds = (ms = '') => Number(ms.replaceAll('_', '')) / 1000;
  return {
    name,
    essential: essential === 'true' ? 'yes' : '',
    times: `${seconds(timeoutMs)} s, ${seconds(cacheMs)} s`,
    reasons: [...text.matchAll(new RegExp(`'(${name}\\.\\w+)'`, 'g'))].map(([, reason]) => reason ?? ''),
  };
});

describe('docs/health.md', () => {
  it('has every probe, and no other', () => {
    expect([...rows.keys()].sort()).toEqual(probes.map(({ name }) => name).sort());
  });

  it.each(probes)('tells of $name what it is, and every reason', ({ name, essential, times, reasons }) => {
    const [, , isEssential, told, text = ''] = rows.get(name) ?? [];
    expect([isEssential, told]).toEqual([essential, times]);
    const documented = [...text.matchAll(new RegExp(`\`(${name}\\.\\w+)\``, 'g'))].map(
      ([, reason]) => reason,
    );
    expect(new Set(documented)).toEqual(new Set(reasons));
  });
});
