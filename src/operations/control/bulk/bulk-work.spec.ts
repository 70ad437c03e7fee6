import { describe, expect, it } from 'vitest';
import { GleanerError } from '../../../core/errors/index.js';
import { oneByOne } from './bulk-work.js';

class Away extends GleanerError {
  readonly code = 'spec.away';
  readonly title = 'Away';
  override readonly retryable = true;
}

const items = ['a', 'b', 'c', 'd'].map((id) => ({ id }));

describe('acting on one after another', () => {
  it('counts what was done, what there was nothing to do to, and what failed', async () => {
    const outcome = await oneByOne(items, async ({ id }) => {
      if (id === 'b') throw new Error('odd');
      return id !== 'c';
    });
    expect(outcome).toEqual({ done: 2, skipped: 1, failures: [{ id: 'b', error: 'odd' }], left: [] });
  });

  it('leaves the rest when one fails in passing, and tells what was done before', async () => {
    const outcome = await oneByOne(items, async ({ id }) => {
      if (id === 'c') throw new Away('away');
      return true;
    });
    expect(outcome).toEqual({ done: 2, skipped: 0, failures: [], left: ['c', 'd'] });
  });

  it('leaves the rest when it is told to end', async () => {
    const stop = new AbortController();
    const act = async ({ id }: { id: string }): Promise<boolean> => {
      if (id === 'b') stop.abort();
      return true;
    };
    expect(await oneByOne(items, act, stop.signal)).toMatchObject({ done: 2, left: ['c', 'd'] });
  });

  it('fails when already the first one does, so that whoever asks waits before trying again', async () => {
    const acting = oneByOne(items, async () => {
      throw new Away('away');
    });
    await expect(acting).rejects.toThrow(Away);
  });
});
