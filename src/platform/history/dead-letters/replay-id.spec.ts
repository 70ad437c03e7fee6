import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replayIdOf } from './replay-id.js';

const id = fc.stringMatching(/^[\w-]{1,128}$/);

describe('the id of a repeated task', () => {
  it('counts how often the first one was repeated', () => {
    expect(replayIdOf('a', undefined)).toBe('a-r1');
    expect(replayIdOf('a-r1', 'a')).toBe('a-r2');
    expect(replayIdOf('a-r9', 'a-r8')).toBe('a-r10');
  });

  it('takes an id that only looks like a repeated one for what it is', () => {
    expect(replayIdOf('server-r2', undefined)).toBe('server-r2-r1');
  });

  it('is one that a queue takes, always the same, and another one for another task', () => {
    fc.assert(
      fc.property(id, id, fc.boolean(), (a, b, isReplay) => {
        const retryOf = isReplay ? 'x' : undefined;
        expect(replayIdOf(a, retryOf)).toMatch(/^[\w-]{1,128}$/);
        expect(replayIdOf(a, retryOf)).not.toBe(a);
        if (a !== b) expect(replayIdOf(a, retryOf)).not.toBe(replayIdOf(b, retryOf));
      }),
    );
  });
});
