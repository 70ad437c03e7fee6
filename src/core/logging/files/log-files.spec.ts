import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogFile } from './log-file-names.js';
import { LogFiles } from './log-files.js';
import { RollingFile } from './rolling-file.js';

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'gleaner-logs-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const text = (name: string): string => readFileSync(join(directory, name), 'utf8');

describe('a rolling file', () => {
  const rolling = (): RollingFile => new RollingFile(join(directory, 'app'), 10, 2);

  it('begins anew before it would become too large, and keeps so many older ones', () => {
    const file = rolling();
    for (const each of ['1aaaa\n', '2bb\n', '3c\n', '4ddddddddddddddddd\n', '5\n', '6\n'])
      expect(file.write(each)).toBeUndefined();
    expect(readdirSync(directory).sort()).toEqual(['app.1.log', 'app.2.log', 'app.log']);
    expect([text('app.2.log'), text('app.1.log'), text('app.log')]).toEqual([
      '3c\n',
      '4ddddddddddddddddd\n',
      '5\n6\n',
    ]);
    file.close();
  });

  it('goes on where another process has ended, and is shared with one that writes at the same time', () => {
    const [one, other] = [rolling(), rolling()];
    one.write('1aaaa\n');
    other.write('2b\n');
    one.write('3cccc\n');
    other.write('4d\n');
    one.write('5\n');
    expect(text('app.2.log') + text('app.1.log') + text('app.log')).toBe('1aaaa\n2b\n3cccc\n4d\n5\n');
    for (const each of [one, other]) each.close();
  });
});

describe('log files', () => {
  it('have all lines, those of tasks, and those of runs, however they are cut into pieces', () => {
    const files = new LogFiles(directory, () => expect.unreachable());
    const lines = [
      { module: 'Main', msg: 'a' },
      { module: 'TaskLog', msg: 'b' },
      { module: 'Task', runId: 'r', msg: 'c' },
      { module: 'RunCrawl', runId: 'r', msg: 'd' },
      { module: 'Main', msg: 'says "module":"TaskLog" and "runId":"x"' },
    ].map((line) => `${JSON.stringify(line)}\n`);
    for (const piece of lines.join('').match(/[^]{1,7}/g) ?? []) files.write(piece);
    files.close();
    expect(text('app.log')).toBe(lines.join(''));
    expect(text('tasks.log')).toBe(lines[1]! + lines[2]!);
    expect(text('scraping.log')).toBe(lines[2]! + lines[3]!);
  });

  it('say which lines they miss when their disk is full, and have the others', () => {
    symlinkSync('/dev/full', join(directory, 'tasks.log'));
    const failed: [LogFile, number, string][] = [];
    const files = new LogFiles(directory, (...what) => void failed.push(what));
    for (const n of [1, 2, 3]) files.write(`{"module":"TaskLog","n":${n}}\n`);
    files.close();
    expect(failed).toEqual([1, 2, 3].map(() => ['tasks', 1, 'ENOSPC']));
    expect(text('app.log').split('\n')).toHaveLength(4);
  });

  it('say so, too, when there is no directory', () => {
    const failed: unknown[] = [];
    const files = new LogFiles(join(directory, 'none'), (...what) => void failed.push(what));
    files.write('{"a":1}\n{"a":2}\n');
    expect(failed).toEqual([['app', 2, 'ENOENT']]);
    expect(existsSync(join(directory, 'none'))).toBe(false);
  });
});
