import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { DATABASE_LIMITS, type DatabaseLimits } from './database-limits.js';
import { poolReader } from './pool-use.js';

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
    const read = poolReader(dataSource);
    max.set(limits.poolMax);
    Object.assign(gauge, {
      collect(): void {
        for (const [state, count] of Object.entries<number>(read())) gauge.set({ state }, count);
      },
    });
  }
}
