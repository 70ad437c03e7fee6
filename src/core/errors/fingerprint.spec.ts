import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, normalisedMessage } from './fingerprint.js';

/** What makes two messages of one error differ. */
const detail = fc.oneof(
  fc.integer({ min: 0 }).map(String),
  fc.uuid(),
  fc.integer({ min: 2 ** 28 }).map((n) => n.toString(16).padStart(8, 'a')),
  fc.webUrl(),
  fc.string({ maxLength: 30 }).map((text) => `"${text.replaceAll('"', '')}"`),
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString()),
  fc.ipV4(),
);

describe('the fingerprint of an error', () => {
  it('is the same for messages that differ in ids, numbers, times, quoted text and URLs', () => {
    const details = fc.tuple(detail, detail);
    fc.assert(
      fc.property(details, details, ([a, b], [c, d]) => {
        // A kind of detail is a part of the message: compare like with like.
        const normal = [a, b, c, d].map(normalisedMessage);
        fc.pre(normal[0] === normal[2] && normal[1] === normal[3]);
        expect(fingerprintOf('E', `page ${a} of ${b} failed`)).toBe(
          fingerprintOf('E', `page ${c} of ${d} failed`),
        );
      }),
    );
  });

  it.each([
    ['host 10.0.0.1:80 refused after 3 tries', 'host <n> refused after <n> tries'],
    [`can't open "a b" for 'x'`, `can't open <text> for <text>`],
    ['run 0b9f1a52-35a6-4c66-8a1e-6a2b3c4d5e6f of deadbeef', 'run <n> of <n>'],
    ['GET https://user@host/path?x=1: status 404', 'GET <url> status <n>'],
    ['two\n  lines', 'two lines'],
    ['no details', 'no details'],
  ])('sees %j as %j', (message, normal) => {
    expect(normalisedMessage(message)).toBe(normal);
  });

  it('differs by the class of the error, and by what is said', () => {
    expect(fingerprintOf('A', 'x')).not.toBe(fingerprintOf('B', 'x'));
    expect(fingerprintOf('A', 'connection refused')).not.toBe(fingerprintOf('A', 'connection reset'));
  });

  it('is short, and bounded in time, for any message', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 5000 }), (message) => {
        expect(fingerprintOf('E', message)).toMatch(/^[0-9a-f]{16}$/);
      }),
    );
    expect(fingerprintOf('E', 'a'.repeat(10_000_000))).toHaveLength(16);
  });
});
