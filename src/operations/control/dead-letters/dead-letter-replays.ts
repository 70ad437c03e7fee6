import { Injectable } from '@nestjs/common';
import {
  type DeadLetterFilter,
  DeadLetterReplayer,
  DeadLetters,
  Pace,
} from '../../../platform/history/index.js';
import { type BulkWork, oneByOne, type Trying } from '../bulk/bulk-work.js';
import { printFilter } from './dead-letter.dto.js';

/** Letters of a batch, after which progress is told. */
const MOST_A_BATCH = 100;

/** Repeating many dead letters, each once, at a bounded rate, as a bulk operation. */
@Injectable()
export class DeadLetterReplays {
  constructor(
    private readonly letters: DeadLetters,
    private readonly replayer: DeadLetterReplayer,
  ) {}

  workOf(filter: DeadLetterFilter, ratePerSecond: number): BulkWork {
    const pace = new Pace(ratePerSecond);
    // About a second each, so that whoever looks sees it move.
    const size = Math.max(1, Math.min(MOST_A_BATCH, Math.floor(ratePerSecond)));
    return {
      action: 'replay',
      query: filter.ids ? null : printFilter(filter),
      count: async () => ({
        count: await this.letters.count({ ...filter, replayed: false }),
        atLeast: false,
      }),
      batches: (trying) => this.batchesOf(filter, size, trying),
      apply: (ids, _operationId, signal) =>
        oneByOne(
          ids.map((id) => ({ id })),
          async ({ id }) => {
            await pace.turn(signal);
            return this.replayer.replayNext(id);
          },
          signal,
        ),
    };
  }

  private async *batchesOf(filter: DeadLetterFilter, size: number, trying: Trying): AsyncGenerator<string[]> {
    const { pages } = await this.replayer.unreplayed(filter, trying);
    for await (const ids of pages)
      for (let from = 0; from < ids.length; from += size) yield ids.slice(from, from + size);
  }
}
