import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import type { Readable } from 'node:stream';
import {
  type Place,
  type TaskQuery,
  type TaskColumn,
  TaskFinder,
  type TaskRow,
} from '../../../platform/history/index.js';
import { WorkUnits } from '../../../core/performance/index.js';
import {
  csvLine,
  EXPORT_OUTCOMES,
  type ExportBatch,
  type ExportFormat,
  ExportStreams,
} from '../../../core/exporting/index.js';
import { type ControlConfig, controlConfig } from '../control.config.js';
import { TASK_EXPORTS } from '../control.metrics.js';
import { type EXPORT_FORMATS, toTaskItem } from './task.dto.js';
import { TooManyTaskExportsError } from './task.errors.js';

/** Tasks of one statement. */
const BATCH = 500;

const formats: Readonly<
  Record<(typeof EXPORT_FORMATS)[number], (columns: readonly TaskColumn[]) => ExportFormat<TaskRow>>
> = {
  ndjson: () => ({
    mediaType: 'application/x-ndjson',
    begin: '',
    end: '',
    write: (row) => `${JSON.stringify(toTaskItem(row))}\n`,
  }),
  csv: (columns) => ({
    mediaType: 'text/csv; charset=utf-8',
    begin: csvLine(columns),
    end: '',
    write: (row) => {
      const item = toTaskItem(row);
      return csvLine(columns.map((column) => item[column]));
    },
  }),
};

/** Sends all tasks that meet a query, the newest first, as `ExportStreams` does. */
@Injectable()
export class TaskExporter implements BeforeApplicationShutdown {
  private readonly logger = new Logger(TaskExporter.name);
  private readonly streams: ExportStreams;

  constructor(
    private readonly tasks: TaskFinder,
    private readonly units: WorkUnits,
    @InjectMetric(TASK_EXPORTS) exports: Counter,
    @Inject(controlConfig.token) private readonly config: ControlConfig,
  ) {
    for (const outcome of EXPORT_OUTCOMES) exports.inc({ outcome }, 0);
    this.streams = new ExportStreams(config.exportsAtOnce, (outcome, error) => {
      exports.inc({ outcome });
      if (outcome === 'failed') this.logger.error({ err: error }, 'an export of tasks broke off');
    });
  }

  /**
   * Begins an export. The caller must read the stream, or destroy it.
   * @throws TooManyTaskExportsError; what the database throws.
   */
  async begin(
    query: TaskQuery | undefined,
    columns: readonly TaskColumn[],
    name: (typeof EXPORT_FORMATS)[number],
    stillAtWork: () => void,
  ): Promise<{ mediaType: string; stream: Readable }> {
    const format = formats[name](columns);
    const stream = await this.streams.begin(
      async () => {
        const list = await this.tasks.plan(query);
        const read = (after?: Place): Promise<ExportBatch<TaskRow, Place>> =>
          this.units.run('batch', 'tasks.export', () => this.tasks.read(list, columns, BATCH, after));
        return { format, first: await read(), read, stillAtWork };
      },
      () => new TooManyTaskExportsError(this.config.exportsAtOnce),
    );
    return { mediaType: format.mediaType, stream };
  }

  beforeApplicationShutdown(): void {
    this.streams.end();
  }
}
