import { Injectable, Logger } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { FastifyInstance } from 'fastify';
import type { Counter, Histogram } from 'prom-client';
import { OVER_BUDGET, UNIT_QUERIES } from './work-units.metrics.js';
import { inWorkUnit, WORK_KINDS, type WorkKind, type WorkUnit } from './work-unit.js';

/** No request, task or batch needs more: above it, something asks once for each row. */
const QUERY_BUDGET = 20;

declare module 'fastify' {
  interface FastifyRequest {
    workUnit: WorkUnit | null;
  }
}

/** Counts queries by request, task, batch and periodic work, and says which of them ask too often. */
@Injectable()
export class WorkUnits {
  private readonly logger = new Logger(WorkUnits.name);

  constructor(
    @InjectMetric(UNIT_QUERIES) private readonly queries: Histogram,
    @InjectMetric(OVER_BUDGET) private readonly overBudget: Counter,
  ) {
    for (const kind of WORK_KINDS) overBudget.inc({ kind }, 0);
  }

  /**
   * Runs `work` as a unit of its own; inside another unit its queries count here only.
   * @param name a constant of the code: it becomes a label.
   */
  async run<T>(kind: WorkKind, name: string, work: () => Promise<T>): Promise<T> {
    const unit: WorkUnit = { kind, name, queries: 0, seconds: 0 };
    try {
      return await inWorkUnit(unit, work);
    } finally {
      this.account(unit);
    }
  }

  /**
   * Makes each request of the server a unit. Must be called before other hooks are added: only what Fastify calls
   * after this one counts.
   */
  observe(server: FastifyInstance): void {
    server.decorateRequest('workUnit', null);
    server.addHook('onRequest', (request, _reply, done) => {
      const name = `${request.method} ${request.routeOptions.url ?? ''}`;
      // The methods of routes are few; what matches none could be any text.
      const unit: WorkUnit = {
        kind: 'request',
        name: request.routeOptions.url === undefined ? 'unmatched' : name,
        queries: 0,
        seconds: 0,
      };
      request.workUnit = unit;
      inWorkUnit(unit, done);
    });
    // A body is read in callbacks of the socket, which know nothing of the request: this brings them back to it.
    server.addHook('preValidation', (request, _reply, done) => {
      if (request.workUnit && request.body !== undefined) inWorkUnit(request.workUnit, done);
      else done();
    });
    server.addHook('onResponse', (request, _reply, done) => {
      if (request.workUnit) this.account(request.workUnit);
      done();
    });
  }

  private account({ kind, name, queries, seconds }: WorkUnit): void {
    this.queries.observe({ kind, unit: name }, queries);
    if (queries <= QUERY_BUDGET) return;
    this.overBudget.inc({ kind });
    this.logger.warn(
      { kind, unit: name, queries, budget: QUERY_BUDGET, querySeconds: Math.round(seconds * 1000) / 1000 },
      `${name} made ${queries} queries, more than ${QUERY_BUDGET}: does it ask once for each row?`,
    );
  }
}
