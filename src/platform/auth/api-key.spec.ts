import fc from 'fast-check';
import { createHash, timingSafeEqual } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { generateKey, hashOf, idOf, matches } from './api-key.js';
import { keyOf } from './authentication.js';

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  return { ...crypto, timingSafeEqual: vi.fn<typeof timingSafeEqual>(crypto.timingSafeEqual) };
});

describe('a new key', () => {
  it('has the prefix, an id that may be shown, and 256 random bits', () => {
    const keys = Array.from({ length: 500 }, generateKey);
    for (const { id, key, hash } of keys) {
      expect(key).toMatch(/^glnr_[a-z0-9]{12}_[A-Za-z0-9]{43}$/);
      expect(idOf(key)).toBe(id);
      expect(hash).toEqual(createHash('sha256').update(key).digest());
    }
    expect(new Set(keys.map(({ key }) => key)).size).toBe(500);
    expect(43 * Math.log2(62)).toBeGreaterThanOrEqual(256);
    // Every letter and digit comes in every place: 500 draws miss one of 62 with a chance of 3 in 10,000.
    const seen = Array.from({ length: 43 }, (_, at) => new Set(keys.map(({ key }) => key[18 + at])).size);
    expect(Math.min(...seen)).toBeGreaterThan(55);
  });
});

describe('a presented key', () => {
  it('matches only itself', () => {
    const { key, hash } = generateKey();
    expect(matches(key, hash)).toBe(true);
    fc.assert(
      fc.property(fc.nat(key.length - 1), fc.constantFrom('a', 'Z', '0', '_', 'x'), (at, letter) => {
        const other = key.slice(0, at) + letter + key.slice(at + 1);
        expect(matches(other, hash)).toBe(other === key);
      }),
    );
  });

  it('is compared in constant time', () => {
    vi.mocked(timingSafeEqual).mockClear();
    const { key, hash } = generateKey();
    matches(key, hash);
    expect(vi.mocked(timingSafeEqual).mock.calls).toEqual([[hashOf(key), hash]]);
  });

  it('has no id when it is none of ours', () => {
    const { key } = generateKey();
    for (const bad of [
      '',
      key.slice(1),
      `${key}x`,
      key.replace('glnr', 'GLNR'),
      `${key}\n`,
      key.replace('_', '-'),
    ])
      expect(idOf(bad), bad).toBeUndefined();
  });
});

describe('the header Authorization', () => {
  it('carries the key as a bearer, or as the password of anybody', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((user) => !user.includes(':')),
        (user) => {
          const { key } = generateKey();
          const basic = Buffer.from(`${user}:${key}`).toString('base64');
          expect(keyOf(`Basic ${basic}`)).toBe(key);
          expect(keyOf(`basic  ${basic}`)).toBe(key);
          expect(keyOf(`BEARER ${key}`)).toBe(key);
        },
      ),
    );
  });

  it.each(['', 'Bearer', 'Bearer ', 'Bearer a b', 'Digest x', 'Basic', `Basic ${btoa('no colon')}`])(
    'may be anything else: %j',
    (header) => {
      expect(keyOf(header)).toBeUndefined();
    },
  );

  it('never makes it fail', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (header) => {
        const key = keyOf(header);
        expect(key === undefined || typeof key === 'string').toBe(true);
      }),
    );
  });
});
