import { Logger } from '@nestjs/common';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSource, EntityManager } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApiKey } from './api-key.entity.js';
import { FirstKey } from './first-key.js';

const KEY = /glnr_[a-z0-9]{12}_[A-Za-z0-9]{43}/;

let dir: string;
let logged: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gleaner-first-key-'));
  logged = '';
  const note = (...parts: unknown[]): boolean => {
    logged += JSON.stringify(parts);
    return true;
  };
  for (const level of ['log', 'warn', 'error'] as const)
    vi.spyOn(Logger.prototype, level).mockImplementation(note);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true });
});

/** Boots against a database that holds what `keys` has; the real one is in test/e2e/first-key.e2e-spec.ts. */
async function boot(
  { isTTY = false, file, commits = true }: { isTTY?: boolean; file?: string; commits?: boolean },
  keys: ApiKey[] = [],
): Promise<string> {
  let shown = '';
  const manager = {
    query: async () => [],
    exists: async () => keys.length > 0,
    create: (_: unknown, key: ApiKey) => key,
    save: async (key: ApiKey) => (keys.push(key), key),
    insert: async () => undefined,
  } as unknown as EntityManager;
  const dataSource = {
    getRepository: () => ({ exists: async () => keys.length > 0 }),
    transaction: async (work: (inside: EntityManager) => Promise<void>) => {
      await work(manager);
      if (!commits) throw new Error('connection lost');
    },
  } as unknown as DataSource;
  const config = { firstKeyFile: file } as ConstructorParameters<typeof FirstKey>[1];
  const first = new FirstKey(dataSource, config, { isTTY, write: (text) => (shown += text) });
  await first.onApplicationBootstrap().catch((error: unknown) => {
    throw Object.assign(error as Error, { shown });
  });
  return shown;
}

describe('the first key', () => {
  it('is shown in a box to a terminal, and to no log', async () => {
    const shown = await boot({ isTTY: true });
    expect(shown.match(KEY)).toHaveLength(1);
    const lines = shown.trimEnd().split('\n');
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
    expect(logged).not.toMatch(KEY);
    expect(logged).toContain('the first API key has been made');
  });

  it('is not made where nobody looks; a warning tells what to do', async () => {
    const keys: ApiKey[] = [];
    expect(await boot({}, keys)).toBe('');
    expect(keys).toEqual([]);
    expect(logged).toContain('key -- create --name admin --role admin');
  });

  it('is shown anyway when that is allowed', async () => {
    expect(await boot({ file: '-' })).toMatch(KEY);
  });

  it('goes to the file that is named, for its owner only, also on a terminal', async () => {
    const file = join(dir, 'key');
    expect(await boot({ isTTY: true, file })).toBe('');
    expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`^${KEY.source}\n$`));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(logged).not.toMatch(KEY);
  });

  it('is never written over a file, through a link, or where there is no folder', async () => {
    const file = join(dir, 'key');
    writeFileSync(file, 'mine');
    await expect(boot({ file })).rejects.toThrow(/FIRST_KEY_FILE: expected a path.*EEXIST/);
    expect(readFileSync(file, 'utf8')).toBe('mine');
    const link = join(dir, 'link');
    symlinkSync(join(dir, 'elsewhere'), link);
    await expect(boot({ file: link })).rejects.toThrow('FIRST_KEY_FILE');
    expect(existsSync(join(dir, 'elsewhere'))).toBe(false);
    await expect(boot({ file: join(dir, 'no', 'folder') })).rejects.toThrow(/ENOENT/);
  });

  it('that could not be stored is taken back', async () => {
    const file = join(dir, 'key');
    await expect(boot({ file, commits: false })).rejects.toThrow('connection lost');
    expect(existsSync(file)).toBe(false);
    await expect(boot({ isTTY: true, commits: false })).rejects.toMatchObject({
      shown: expect.stringContaining('opens nothing') as string,
    });
  });

  it('is not made when there is any key', async () => {
    expect(await boot({ isTTY: true }, [{ id: 'revoked' } as ApiKey])).toBe('');
    expect(logged).toBe('');
  });
});
