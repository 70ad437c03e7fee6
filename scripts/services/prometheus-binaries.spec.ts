import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServicesError } from './errors.ts';
import { findOrInstallAlertmanager, findOrUnpackPrometheus } from './prometheus-binaries.ts';

let dir: string;
let said: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-binaries-'));
  said = [];
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A program that does what a line of shell says. */
function program(name: string, line: string): string {
  const file = join(dir, name);
  writeFileSync(file, `#!/bin/sh\n${line}\n`);
  chmodSync(file, 0o755);
  return file;
}

const find = async (): Promise<string> =>
  findOrUnpackPrometheus('promtool', join(dir, 'cache'), dir, (line) => said.push(line));

describe('Prometheus', () => {
  it('is that of this machine, if there is one', async () => {
    const promtool = program('promtool', 'exit 0');
    expect(await find()).toBe(promtool);
    expect(said).toEqual([]);
  });

  it('is missed with a remedy where there are no Debian packages', async () => {
    await expect(find()).rejects.toThrow(ServicesError);
    await expect(find()).rejects.toThrow(/without apt-get .*`apt-get install prometheus`.*prometheus\.io/);
  });
});

describe('Alertmanager', () => {
  it('is missed with a remedy where nothing can be installed', async () => {
    const log = join(dir, 'install.log');
    const missing = findOrInstallAlertmanager(dir, log, (line) => said.push(line));
    await expect(missing).rejects.toThrow(/no package manager .*`apt-get install prometheus-alertmanager`/);
  });
});
