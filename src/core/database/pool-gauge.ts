import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type pg from 'pg';
import type { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { DATABASE_LIMITS, type DatabaseLimits } from './database-limits.js';

const CONNECTIONS = 'gleaner_database_pool_connections';
const MAX = 'gleaner_database_pool_max_connections';

export const poolGaugeProviders = [
  makeGaugeProvider({
    name: CONNECTIONS,
    help: 'Connections of this process that are at work or idle, and callers that wait for one',
    labelNames: ['state'],
  }),
  makeGaugeProvider({ name: MAX, help: 'Connections that this process may hold' }),
];

/** Reads the pool whenever metrics are asked for. */
@Injectable()
export class PoolGauge {
  constructor(
    @InjectMetric(CONNECTIONS) gauge: Gauge,
    @InjectMetric(MAX) max: Gauge,
    @Inject(DATABASE_LIMITS) limits: DatabaseLimits,
    dataSource: DataSource,
  ) {
    // TypeORM has one pool for a data source without replicas, and no type for it.
    const { master } = dataSource.driver as unknown as { master: pg.Pool };
    max.set(limits.poolMax);
    Object.assign(gauge, {
      collect(): void {
        gauge.set({ state: 'active' }, master.totalCount - master.idleCount);
        gauge.set({ state: 'idle' }, master.idleCount);
        gauge.set({ state: 'waiting' }, master.waitingCount);
      },
    });
  }
}
