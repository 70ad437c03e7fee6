import fc from 'fast-check';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { prettyLine } from './pretty-line.js';

const common = { time: '2026-01-02T03:04:05.678Z', service: 'gleaner', mode: 'all', instance: 'host:1' };
const pretty = (fields: object): string =>
  stripVTControlCharacters(prettyLine(`${JSON.stringify({ ...common, ...fields })}\n`));

describe('a line for a terminal', () => {
  it('says when, how bad, who, what, and what else; not which process', () => {
    expect(
      pretty({ level: 'info', module: 'Main', taskId: 't-1', text: 'a b', n: 1, msg: 'Gleaner listens' }),
    ).toBe('03:04:05.678 INFO  [Main] Gleaner listens taskId=t-1 text="a b" n=1\n');
    expect(pretty({ level: 'warn', msg: '' })).toBe('03:04:05.678 WARN \n');
  });

  it('has the trace of an error below', () => {
    expect(pretty({ level: 'error', msg: 'x', err: { type: 'E', stack: 'E: y\n    at z' } })).toBe(
      '03:04:05.678 ERROR x\n    E: y\n        at z\n',
    );
    expect(pretty({ level: 'error', msg: 'x', err: 'odd' })).toBe('03:04:05.678 ERROR x\n    "odd"\n');
  });

  it('leaves nothing that steers the terminal, and begins no line that is not its own', () => {
    const nasty = fc.string({
      unit: fc.constantFrom(
        'a',
        ' ',
        '\n',
        '\r',
        '\u001b',
        '[',
        '2',
        'J',
        '\u009b',
        '\u2028',
        '\u202e',
        '\b',
      ),
    });
    fc.assert(
      fc.property(nasty, nasty, nasty, nasty, (msg, module, key, value) => {
        const line = pretty({ level: 'info', msg, module, [`_${key}`]: value });
        expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
        const withTrace = pretty({ level: 'info', msg: 'x', err: { stack: value } });
        expect(withTrace.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
        expect(withTrace.split('\n').slice(1, -1)).toEqual(
          expect.arrayContaining([expect.stringMatching(/^ {4}/)]) as string[],
        );
      }),
    );
  });
});
