import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RULES } from './catalogue.js';
import { overridden } from './rule-overrides.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gleaner-rules-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, 'rules.yaml');
  writeFileSync(path, content);
  return path;
}

describe('the file of rules', () => {
  it('changes what it names, and nothing else', () => {
    const rules = overridden(RULES, file('rules:\n  BeatStale: { threshold: 300, coolDownSeconds: 60 }'));
    const before = RULES.find(({ name }) => name === 'BeatStale');
    expect(rules.find(({ name }) => name === 'BeatStale')).toEqual({
      ...before,
      threshold: 300,
      coolDownSeconds: 60,
    });
    expect(rules.filter(({ name }) => name !== 'BeatStale')).toEqual(
      RULES.filter(({ name }) => name !== 'BeatStale'),
    );
  });

  it('switches rules off', () => {
    const rules = overridden(RULES, file('rules:\n  BeatStale: { enabled: false }'));
    expect(rules).toHaveLength(RULES.length - 1);
  });

  it.each([
    [
      'rules: { NoSuchRule: {} }',
      'rules: expected names of rules, got NoSuchRule; there are TaskFailureRateHigh, ',
    ],
    ['rules: { BeatStale: { threshold: high } }', 'rules.BeatStale.threshold: expected a number'],
    ['rules: { BeatStale: { severity: fatal } }', 'severity: expected one of info, warning, critical'],
    ['rules: { BeatStale: { windowSeconds: 1 } }', 'windowSeconds: expected whole seconds from 30 to 3600'],
    ['rules: { BeatStale: { for: 10m } }', 'rules.BeatStale: Unrecognized key: "for"'],
    ['rules: { BeatStale: { forSeconds: 1.5 } }', 'forSeconds: expected whole seconds from 0 to 86400'],
    ['- a list', 'expected'],
    ['a: [', 'cannot be read: This is no YAML that is understood here'],
  ])('%s is refused, and what is wrong is named', (content, fault) => {
    const path = file(content);
    expect(() => overridden(RULES, path)).toThrow(fault);
    expect(() => overridden(RULES, path)).toThrow(/^The configuration has a fault:\n {2}ALERT_RULES_FILE: /);
  });

  it('that is not there is told of', () => {
    expect(() => overridden(RULES, join(folder, 'none.yaml'))).toThrow('none.yaml cannot be read: ENOENT');
  });
});
