import { describe, expect, it } from 'vitest';
import { RULES } from './catalogue.js';
import { runbookName } from './rule.js';
import { shownValue, summaryOf, summaryTemplate } from './wording.js';

describe('a value', () => {
  it.each([
    [0.05, 'ratio', '5 %'],
    [0.0526, 'ratio', '5.26 %'],
    [1, 'ratio', '100 %'],
    [1, 'number', '1'],
    [1204, 'number', '1,204'],
    [0.1 + 0.2, 'number', '0.3'],
    [1.25, 'seconds', '1.25 s'],
    [119, 'seconds', '119 s'],
    [120, 'seconds', '2 min'],
    [90_000, 'seconds', '25 h'],
  ] as const)('%s as %s is read as %s', (value, unit, shown) => {
    expect(shownValue(value, unit)).toBe(shown);
  });
});

describe('a summary', () => {
  const rule = RULES.find(({ name }) => name === 'TaskFailureRateHigh')!;

  it('names labels and value', () => {
    expect(summaryOf(rule, { task: 'scrape.run' }, 0.25)).toBe(
      '25 % of the tasks scrape.run that ended failed for good.',
    );
  });

  it('leaves the place of a label that is not there', () => {
    expect(summaryOf(rule, {}, 0.25)).toContain('{task}');
  });

  it('is a template of Prometheus as well', () => {
    expect(summaryTemplate(rule)).toBe(
      '{{ $value | humanizePercentage }} of the tasks {{ $labels.task }} that ended failed for good.',
    );
  });

  it.each(RULES)('of $name has a place for nothing but its labels', ({ summary, by }) => {
    const places = [...summary.matchAll(/\{(\w+)\}/g)].map(([, place]) => place);
    for (const place of places) expect([...by, 'value']).toContain(place);
  });
});

describe('the catalogue', () => {
  it('has each name once, in the manner of the field', () => {
    const names = RULES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^(?:[A-Z][a-z]+)+$/);
    expect(runbookName({ name: 'QueueBacklogHigh' })).toBe('queue-backlog-high');
  });
});
