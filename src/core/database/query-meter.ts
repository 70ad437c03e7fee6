import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter, Histogram } from 'prom-client';
import { Timings, type WorkUnit } from '../performance/index.js';
import { type DatabaseConfig, databaseConfig } from './database.config.js';
import { type Operation, OPERATIONS, QUERY_SECONDS, SLOW_QUERIES } from './database.metrics.js';
import { statementOf } from './statement.js';

/** Measures every statement of the process, and logs those that are slow. Values are never looked at. */
@Injectable()
export class QueryMeter {
  private readonly logger = new Logger(QueryMeter.name);
  // One child for each label set, so that measuring does not build a key from labels each time.
  private readonly seconds: ReadonlyMap<Operation, Pick<Histogram.Internal<string>, 'observe'>>;

  constructor(
    @InjectMetric(QUERY_SECONDS) seconds: Histogram,
    @InjectMetric(SLOW_QUERIES) private readonly slow: Counter,
    @Inject(databaseConfig.token) private readonly config: DatabaseConfig,
    private readonly timings: Timings,
  ) {
    this.seconds = new Map(OPERATIONS.map((operation) => [operation, seconds.labels({ operation })]));
    for (const operation of OPERATIONS) slow.inc({ operation }, 0);
  }

  /** @param unit what the statement was part of. */
  answered(sql: string, milliseconds: number, unit: WorkUnit | undefined): void {
    const statement = statementOf(sql);
    if (unit) unit.querySeconds += milliseconds / 1000;
    this.timings.record('queries', statement.normalised, milliseconds, 1, unit);
    this.seconds.get(statement.operation)?.observe(milliseconds / 1000);
    if (milliseconds <= this.config.slowQueryMs) return;
    this.slow.inc({ operation: statement.operation });
    this.logger.warn(
      {
        durationMs: Math.round(milliseconds),
        statement: statement.normalised,
        operation: statement.operation,
        kind: unit?.kind,
        unit: unit?.name,
      },
      'slow query',
    );
  }
}
