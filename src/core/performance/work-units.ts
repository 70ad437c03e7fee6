import { Injectable, Logger } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { FastifyInstance } from 'fastify';
import { Readable } from 'node:stream';
import type { Counter, Histogram } from 'prom-client';
import { correlation } from '../correlation/index.js';
import { Timings } from './timings.js';
import { inWorkUnit, WORK_KINDS, type WorkKind, WorkUnit } from './work-unit.js';
import { OVER_BUDGET, UNIT_QUERIES } from './work-units.metrics.js';

/** No request, task or batch needs more: above it, something asks once for each row. */
const QUERY_BUDGET = 20;

declare module 'fastify' {
  interface FastifyRequest {
    workUnit: WorkUnit | null;
  }
}

/** Counts what requests, tasks, batches and periodic work cost, and says which of them query too often. */
@Injectable()
export class WorkUnits {
  private readonly logger = new Logger(WorkUnits.name);

  constructor(
    @InjectMetric(UNIT_QUERIES) private readonly queries: Histogram,
    @InjectMetric(OVER_BUDGET) private readonly overBudget: Counter,
    private readonly timings: Timings,
  ) {
    for (const kind of WORK_KINDS) overBudget.inc({ kind }, 0);
  }

  /**
   * Runs `work` as a unit of its own; inside another unit what it costs counts here only.
   * @param name a constant of the code: it becomes a label.
   */
  async run<T>(kind: WorkKind, name: string, work: (unit: WorkUnit) => Promise<T>): Promise<T> {
    const { taskId, requestId } = correlation() ?? {};
    const unit = new WorkUnit(kind, name, taskId ?? requestId);
    const start = performance.now();
    try {
      return await inWorkUnit(unit, () => work(unit));
    } finally {
      this.account(unit, performance.now() - start);
    }
  }

  /**
   * Makes each request of the server a unit. Must be called before other hooks are added: only what Fastify calls
   * after this one counts.
   */
  observe(server: FastifyInstance): void {
    server.decorateRequest('workUnit', null);
    server.addHook('onRequest', (request, _reply, done) => {
      const { url } = request.routeOptions;
      // The methods of routes are few; what matches none could be any text.
      const name = url === undefined ? 'unmatched' : `${request.method} ${url}`;
      const unit = new WorkUnit('request', name, request.id);
      request.workUnit = unit;
      inWorkUnit(unit, done);
    });
    // A body is read in callbacks of the socket, which know nothing of the request: this brings them back to it.
    server.addHook('preValidation', (request, _reply, done) => {
      if (request.workUnit && request.body !== undefined) inWorkUnit(request.workUnit, done);
      else done();
    });
    // A stream ends when its client has taken it, or when it has listened long enough: that is not the route's speed.
    server.addHook('onSend', (request, reply, payload, done) => {
      if (request.workUnit && payload instanceof Readable)
        request.workUnit.streamsAfterMs = reply.elapsedTime;
      done();
    });
    server.addHook('onResponse', (request, reply, done) => {
      const unit = request.workUnit;
      if (unit) this.account(unit, unit.streamsAfterMs ?? reply.elapsedTime);
      done();
    });
  }

  private account(unit: WorkUnit, ms: number): void {
    const { kind, name, queries, querySeconds } = unit;
    if (kind === 'request') this.timings.record('routes', name, ms, queries, unit);
    else if (kind === 'task') this.timings.record('tasks', name, ms, queries, unit);
    this.queries.observe({ kind, unit: name }, queries);
    if (queries <= QUERY_BUDGET) return;
    this.overBudget.inc({ kind });
    this.logger.warn(
      {
        kind,
        unit: name,
        queries,
        budget: QUERY_BUDGET,
        querySeconds: Math.round(querySeconds * 1000) / 1000,
      },
      `${name} made ${queries} queries, more than ${QUERY_BUDGET}: does it ask once for each row?`,
    );
  }
}
