import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import type { Readable } from 'node:stream';
import { WorkUnits } from '../../../core/performance/index.js';
import { EXPORT_OUTCOMES, ExportStreams } from '../../../core/exporting/index.js';
import { SourceService } from '../../sources/index.js';
import { assertDeclared, declaredFields } from '../reading/declared-fields.js';
import { type FoundRecords, RecordFinder, type RecordFilter } from '../reading/record.finder.js';
import type { RecordListQuery } from '../reading/record-list.query.js';
import { type RecordsConfig, recordsConfig } from '../records.config.js';
import { TooManyExportsError } from './export.errors.js';
import { type ExportFormatName, exportFormats } from './export-formats.js';
import { EXPORTED_RECORDS, EXPORTS } from './export.metrics.js';

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
 * Sends all records of a source that meet a filter, as `ExportStreams` does. The order is that of the ids, or of the
 * changes, so that whoever has the beginning can get the rest.
 */
@Injectable()
export class RecordExporter implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RecordExporter.name);
  private readonly streams: ExportStreams;

  constructor(
    private readonly records: RecordFinder,
    private readonly sources: SourceService,
    private readonly units: WorkUnits,
    @InjectMetric(EXPORTS) exports: Counter,
    @InjectMetric(EXPORTED_RECORDS) private readonly exported: Counter,
    @Inject(recordsConfig.token) private readonly config: RecordsConfig,
  ) {
    for (const outcome of EXPORT_OUTCOMES) exports.inc({ outcome }, 0);
    this.streams = new ExportStreams(config.exportsAtOnce, (outcome, error) => {
      exports.inc({ outcome });
      if (outcome === 'failed') this.logger.error({ err: error }, 'an export broke off');
    });
  }

  /**
   * Begins an export. The caller must read the stream, or destroy it.
   * @param stillAtWork called when a batch was read that gives nothing to send: what bounds the silence of a connection
   *   must not take that for a client that has gone.
   * @throws NotFoundError, InvalidInputError, TooManyExportsError; what the database throws.
   */
  async begin(slug: string, request: RecordExportRequest, stillAtWork: () => void): Promise<RecordExport> {
    const { format: name, after, ...filter } = request;
    let mediaType = '';
    const stream = await this.streams.begin(
      async () => {
        const source = await this.sources.bySlug(slug);
        assertDeclared(source, filter);
        const query: RecordListQuery = {
          ...filter,
          sourceId: source.id,
          order: 'oldest first',
          after: after === undefined ? undefined : { id: after },
          count: BATCH,
        };
        const format = exportFormats[name](declaredFields(source, filter.kind), after !== undefined);
        ({ mediaType } = format);
        const first = await this.read(query);
        return { format, first, read: (next) => this.read({ ...query, after: next }), stillAtWork };
      },
      () => new TooManyExportsError(this.config.exportsAtOnce),
    );
    return { mediaType, stream };
  }

  beforeApplicationShutdown(): void {
    this.streams.end();
  }

  private async read(query: RecordListQuery): Promise<FoundRecords> {
    // A unit of its own: an export has as many batches as there is to send, and each has to be cheap.
    const found = await this.units.run('batch', 'records.export', () => this.records.read(query));
    this.exported.inc(found.rows.length);
    return found;
  }
}
