import { Logger } from '@nestjs/common';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { WorkUnits } from '../../../core/performance/index.js';
import type { SourceService } from '../../sources/index.js';
import type { FoundRecord, FoundRecords, RecordFinder } from '../reading/record.finder.js';
import type { RecordListQuery } from '../reading/record-list.query.js';
import { RecordExporter } from './record-exporter.js';

beforeAll(() => Logger.overrideLogger(false));

const time = new Date(0);
const record = (id: number): FoundRecord => ({
  id: String(id),
  kind: 'item',
  key: `[${id}]`,
  data: '{"a": 1}',
  url: 'http://x/',
  firstSeen: time,
  lastSeen: time,
  lastChanged: time,
  seenCount: 1,
  changeCount: 0,
});

/** An exporter of batches that are given, and what it asked for and counted. */
function exporterOf(batches: readonly (readonly number[] | Error)[], exportsAtOnce = 1) {
  const asked: (number | undefined)[] = [];
  const outcomes: unknown[] = [];
  const records: Pick<RecordFinder, 'read'> = {
    read: async ({ after }: RecordListQuery): Promise<FoundRecords> => {
      const at = asked.push(after?.id) - 1;
      const batch = batches[at] ?? [];
      if (batch instanceof Error) throw batch;
      const more = at < batches.length - 1;
      return {
        rows: batch.map(record),
        next: more ? { lastChanged: time.toISOString(), id: at } : undefined,
      };
    },
  };
  const exporter = new RecordExporter(
    records as RecordFinder,
    { bySlug: async () => ({ id: 1, extraction: null }) } as unknown as SourceService,
    { run: (_kind: string, _name: string, work: () => unknown) => work() } as unknown as WorkUnits,
    { inc: ({ outcome }: { outcome: string }, by = 1) => void (by > 0 && outcomes.push(outcome)) } as never,
    { inc: () => undefined } as never,
    { exportsAtOnce },
  );
  const begin = (stillAtWork = () => undefined) =>
    exporter.begin('s', { format: 'json', where: [] }, stillAtWork);
  return { begin, exporter, asked, outcomes };
}

describe('an export', () => {
  it('goes on where the batch before ended, and says so when a batch gives nothing to send', async () => {
    const { begin, asked } = exporterOf([[], [1, 2], [], [], [3], []]);
    let silent = 0;
    const { stream } = await begin(() => void silent++);
    const found = JSON.parse(await text(stream)) as { id: number }[];
    expect(found.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(asked).toEqual([undefined, 0, 1, 2, 3, 4]);
    expect(silent).toBe(4);
  });

  it('that nobody reads has asked for no more than it holds', async () => {
    const { begin, asked, exporter } = exporterOf([[1], [2], [3]]);
    const { stream } = await begin();
    expect(asked).toEqual([undefined]);
    exporter.beforeApplicationShutdown();
    await expect(text(stream)).rejects.toThrow('abort');
    expect(asked).toEqual([undefined]);
  });

  it('takes a place until it has ended, however that was', async () => {
    const { begin, outcomes } = exporterOf([[1]]);
    const ends: ((stream: Awaited<ReturnType<typeof begin>>['stream']) => Promise<unknown>)[] = [
      (stream) => text(stream),
      async (stream) => stream.destroy(),
      async (stream) => stream.destroy(new Error('the database is away')),
    ];
    for (const end of ends) {
      const { stream } = await begin();
      await expect(begin()).rejects.toMatchObject({ code: 'records.too_many_exports', httpStatus: 503 });
      stream.on('error', () => undefined);
      await end(stream);
      await new Promise((resolve) => (stream.closed ? resolve(undefined) : stream.once('close', resolve)));
    }
    expect(outcomes).toEqual(['refused', 'completed', 'refused', 'interrupted', 'refused', 'failed']);
  });

  it('that cannot begin takes none', async () => {
    const { begin } = exporterOf([new Error('the database is away'), [1]]);
    await expect(begin()).rejects.toThrow('away');
    const { stream } = await begin();
    expect(await text(stream)).toContain('"id":1');
  });
});
