import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { finished, Readable } from 'node:stream';
import { WorkUnits } from '../../../core/database/index.js';
import { SourceService } from '../../sources/index.js';
import { assertDeclared, declaredFields } from '../reading/declared-fields.js';
import { type FoundRecords, RecordFinder, type RecordFilter } from '../reading/record.finder.js';
import type { RecordListQuery } from '../reading/record-list.query.js';
import { type RecordsConfig, recordsConfig } from '../records.config.js';
import { TooManyExportsError } from './export.errors.js';
import { type ExportFormat, type ExportFormatName, exportFormats } from './export-formats.js';
import { EXPORT_OUTCOMES, type ExportOutcome, EXPORTED_RECORDS, EXPORTS } from './export.metrics.js';

/** Records of one statement: few enough to be short work for everybody, many enough that asking costs little. */
const BATCH = 500;

export interface RecordExportRequest extends RecordFilter {
  format: ExportFormatName;
  /** Only what comes behind this record: the client has the rest. */
  after?: number | undefined;
}

export interface RecordExport {
  mediaType: string;
  stream: Readable;
}

/**
 * Sends all records of a source that meet a filter, in constant memory and without a transaction:
 *
 * 1. The first batch is read before anything is sent, so that what is wrong with the request, or with the database, is
 *    answered as everywhere else.
 * 2. Each further batch is read when the client has taken the one before. Nothing is held in between but its place: a
 *    client may take hours, and a pooler may stand in between.
 * 3. An error on the way destroys the stream, so that the connection is cut: what is incomplete cannot look complete.
 *    When the client leaves, the stream is destroyed from the other side, and nobody reads on.
 * 4. The order is that of the ids, or of the changes, so that whoever has the beginning can get the rest.
 */
@Injectable()
export class RecordExporter implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RecordExporter.name);
  private readonly ending = new AbortController();
  private begun = 0;

  constructor(
    private readonly records: RecordFinder,
    private readonly sources: SourceService,
    private readonly units: WorkUnits,
    @InjectMetric(EXPORTS) private readonly exports: Counter,
    @InjectMetric(EXPORTED_RECORDS) private readonly exported: Counter,
    @Inject(recordsConfig.token) private readonly config: RecordsConfig,
  ) {
    for (const outcome of EXPORT_OUTCOMES) exports.inc({ outcome }, 0);
  }

  /**
   * Begins an export. The caller must read the stream, or destroy it.
   * @param stillAtWork called when a batch was read that gives nothing to send: what bounds the silence of a connection
   *   must not take that for a client that has gone.
   * @throws NotFoundError, InvalidInputError, TooManyExportsError; what the database throws.
   */
  async begin(slug: string, request: RecordExportRequest, stillAtWork: () => void): Promise<RecordExport> {
    if (this.begun >= this.config.exportsAtOnce) {
      this.exports.inc({ outcome: 'refused' });
      throw new TooManyExportsError(this.config.exportsAtOnce);
    }
    this.begun++;
    try {
      const { format: name, after, ...filter } = request;
      const source = await this.sources.bySlug(slug);
      assertDeclared(source, filter);
      const query: RecordListQuery = {
        ...filter,
        sourceId: source.id,
        order: 'oldest first',
        after: after === undefined ? undefined : { id: after },
        count: BATCH,
      };
      const first = await this.read(query);
      const format = exportFormats[name](declaredFields(source, filter.kind), after !== undefined);
      const stream = Readable.from(this.textOf(format, query, first, stillAtWork), {
        objectMode: false,
        signal: this.ending.signal,
      });
      this.watch(stream);
      return { mediaType: format.mediaType, stream };
    } catch (error) {
      this.begun--;
      throw error;
    }
  }

  /** Else the server would wait for the slowest client before it ends. */
  beforeApplicationShutdown(): void {
    this.ending.abort();
  }

  private async *textOf(
    format: ExportFormat,
    query: RecordListQuery,
    first: FoundRecords,
    stillAtWork: () => void,
  ): AsyncGenerator<string> {
    if (format.begin !== '') yield format.begin;
    let nothingYet = true;
    let batch = first;
    for (;;) {
      let text = '';
      for (const record of batch.rows) {
        text += format.write(record, nothingYet);
        nothingYet = false;
      }
      if (text !== '') yield text;
      else stillAtWork();
      if (!batch.next) break;
      batch = await this.read({ ...query, after: batch.next });
    }
    if (format.end !== '') yield format.end;
  }

  private async read(query: RecordListQuery): Promise<FoundRecords> {
    // A unit of its own: an export has as many batches as there is to send, and each has to be cheap.
    const found = await this.units.run('batch', 'records.export', () => this.records.read(query));
    this.exported.inc(found.rows.length);
    return found;
  }

  private watch(stream: Readable): void {
    finished(stream, { writable: false }, (error) => {
      this.begun--;
      this.exports.inc({ outcome: outcomeOf(error) });
      if (outcomeOf(error) === 'failed') this.logger.error({ err: error }, 'an export broke off');
    });
  }
}

function outcomeOf(error: NodeJS.ErrnoException | null | undefined): ExportOutcome {
  if (!error) return 'completed';
  const left = error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.name === 'AbortError';
  return left ? 'interrupted' : 'failed';
}
