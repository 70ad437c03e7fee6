import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Config, type Environment, InvalidConfigError, loadConfig } from './load.js';
import { list, urlOf, wholeNumber } from './schemas.js';
import { declaredSlices, defineConfig, setting } from './slice.js';

const shop = defineConfig('load.spec:shop', {
  port: setting('SHOP_PORT', wholeNumber(1, 100).default(80), 'where it listens'),
  names: setting('SHOP_NAMES', list().default([]), 'whom it knows'),
  level: setting('SHOP_LEVEL', z.enum(['low', 'high'], 'expected low or high'), 'how loud it is'),
});
const vault = defineConfig('load.spec:vault', {
  url: setting('VAULT_URL', urlOf(['vault'], 'vault://host'), 'where the vault is', { secret: true }),
  token: setting('VAULT_TOKEN', z.string('expected a token').regex(/^t-/, 'expected t-…'), 'opens it', {
    secret: true,
  }),
});

function faultsOf(env: Environment): InvalidConfigError {
  try {
    loadConfig(env, [shop, vault]);
  } catch (error) {
    if (error instanceof InvalidConfigError) return error;
    throw error;
  }
  throw new Error('expected the environment to be refused');
}

const load = (env: Environment): Config => loadConfig({ SHOP_LEVEL: 'low', ...env }, [shop]);

describe('loading the configuration', () => {
  it('lists the faults of all slices at once, each with name, expectation, value and purpose', () => {
    const error = faultsOf({ SHOP_PORT: '101', SHOP_LEVEL: 'loud', VAULT_URL: 'http://vault' });

    expect(error.faults).toEqual([
      'SHOP_PORT: expected a whole number from 1 to 100, got "101" (where it listens)',
      'SHOP_LEVEL: expected low or high, got "loud" (how loud it is)',
      'VAULT_URL: expected a URL such as vault://host, got a value not shown here (where the vault is)',
      'VAULT_TOKEN: expected a token, it is not set (opens it)',
    ]);
    expect(error.message).toContain('4 faults');
    for (const fault of error.faults) expect(error.message).toContain(fault);
  });

  describe('a secret', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gleaner-secrets-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'token');
    const env = { SHOP_LEVEL: 'low', VAULT_URL: 'vault://a' };

    it('can be in a file, whose last line may be ended', () => {
      writeFileSync(file, 't-secret\n');
      expect(loadConfig({ ...env, VAULT_TOKEN_FILE: file }, [vault]).get(vault).token).toBe('t-secret');
    });

    it('is said once', () => {
      expect(faultsOf({ ...env, VAULT_TOKEN: 't-1', VAULT_TOKEN_FILE: file }).faults).toEqual([
        'VAULT_TOKEN_FILE: expected not to be set, for VAULT_TOKEN is set as well',
      ]);
    });

    it('in a file that is wrong is not shown, and the file that is not there is named', () => {
      writeFileSync(file, 'hush');
      expect(faultsOf({ ...env, VAULT_TOKEN_FILE: file }).faults).toEqual([
        'VAULT_TOKEN: expected t-…, got a value not shown here (opens it)',
      ]);
      expect(faultsOf({ ...env, VAULT_TOKEN_FILE: join(folder, 'none') }).faults[0]).toMatch(
        /^VAULT_TOKEN_FILE: expected a file that can be read, got ".*none" \(ENOENT/,
      );
    });

    it('is all that can be in a file', () => {
      expect(loadConfig({ SHOP_LEVEL: 'low', SHOP_PORT_FILE: file }, [shop]).get(shop).port).toBe(80);
    });
  });

  it('speaks of one fault in the singular', () => {
    const error = faultsOf({ SHOP_LEVEL: 'low', VAULT_URL: 'vault://a' });
    expect(error.message).toContain('has a fault:');
    expect(error.faults).toHaveLength(1);
  });

  it('never prints a secret, whatever it is', () => {
    // Long enough not to occur in the message by chance.
    const secret = fc.string({ minLength: 1 }).map((text) => `~${text}~hush~`);
    fc.assert(
      fc.property(secret, secret, (url, token) => {
        const error = faultsOf({ VAULT_URL: url, VAULT_TOKEN: token });
        expect(error.faults.filter((fault) => fault.startsWith('VAULT_'))).toHaveLength(2);
        for (const text of [error.message, JSON.stringify(error), String(error.stack)]) {
          expect(text).not.toContain(url);
          expect(text).not.toContain(token);
        }
      }),
    );
  });

  it('cuts a long value', () => {
    const fault = faultsOf({ SHOP_LEVEL: 'x'.repeat(10_000) }).faults[0];
    expect(fault).toContain('x'.repeat(100));
    expect(fault).not.toContain('x'.repeat(101));
  });

  it('asks with the status 78 not to be restarted', () => {
    expect(InvalidConfigError.exitCode).toBe(78);
  });

  it.each([{}, { SHOP_PORT: '', SHOP_NAMES: '' }])('takes unset and empty variables for unset: %j', (env) => {
    expect(load(env).get(shop)).toEqual({ port: 80, names: [], level: 'low' });
  });

  it('does not take an empty variable for a value where one is required', () => {
    expect(faultsOf({ SHOP_LEVEL: '', VAULT_URL: 'vault://a', VAULT_TOKEN: 't-1' }).faults).toEqual([
      'SHOP_LEVEL: expected low or high, it is not set (how loud it is)',
    ]);
  });

  it('gives each slice its values, converted', () => {
    const env = {
      SHOP_PORT: '1',
      SHOP_NAMES: 'a, b',
      SHOP_LEVEL: 'high',
      VAULT_URL: 'vault://a',
      VAULT_TOKEN: 't-1',
    };
    const config = loadConfig(env, [shop, vault]);
    expect(config.get(shop)).toEqual({ port: 1, names: ['a', 'b'], level: 'high' });
    expect(config.get(vault)).toEqual({ url: 'vault://a', token: 't-1' });
  });

  it('needs nothing of the slices that were not asked for', () => {
    expect(() => load({}).get(vault)).toThrow(/"load\.spec:vault" was not declared/);
  });
});

describe('showing the configuration', () => {
  const url = 'vault://user:hush@a';

  it('names every setting with its value and purpose, by name', () => {
    expect(load({ SHOP_NAMES: 'a' }).shown()).toEqual([
      { name: 'SHOP_LEVEL', value: 'low', about: 'how loud it is' },
      { name: 'SHOP_NAMES', value: ['a'], about: 'whom it knows' },
      { name: 'SHOP_PORT', value: 80, about: 'where it listens' },
    ]);
  });

  it('says of a secret that it is set, and nothing else', () => {
    const shown = loadConfig({ VAULT_URL: url, VAULT_TOKEN: 't-hush' }, [vault]).shown();
    expect(shown.map(({ value }) => value)).toEqual(['[redacted]', '[redacted]']);
    expect(JSON.stringify(shown)).not.toContain('hush');
  });

  it('says of a setting without a value that it has none, also of a secret', () => {
    const optional = z.string().optional();
    const slice = {
      open: setting('OPEN', optional, ''),
      hidden: setting('HIDDEN', optional, '', { secret: true }),
    };
    const config = loadConfig({}, [{ name: 'load.spec:bare', token: Symbol('bare'), settings: slice }]);
    expect(config.shown().map(({ value }) => value)).toEqual([null, null]);
  });
});

describe('declaring a slice', () => {
  it('adds it to all slices, which is what boot validates', () => {
    expect(declaredSlices()).toEqual(expect.arrayContaining([shop, vault]));
    expect(() => loadConfig({})).toThrow(InvalidConfigError);
  });

  it('refuses a second slice of one name, and keeps the first', () => {
    expect(() => defineConfig('load.spec:shop', {})).toThrow(/"load\.spec:shop" is declared twice/);
    expect(declaredSlices().filter((slice) => slice.name === 'load.spec:shop')).toEqual([shop]);
  });

  it('gives each slice a token of its own', () => {
    expect(shop.token).not.toBe(vault.token);
  });
});
