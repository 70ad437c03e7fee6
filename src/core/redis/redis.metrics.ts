import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import type { Redis } from 'ioredis';
import type { Gauge } from 'prom-client';
import { GaugeReading } from '../metrics/index.js';
import { SHARED_REDIS } from './shared-redis.js';

const PING = 'gleaner_redis_ping_seconds';
export const COMMAND_SECONDS = 'gleaner_redis_command_duration_seconds';
const STALE = 'gleaner_redis_metrics_stale';

/** Label `connection`: what the code calls it, of which there are fewer than twenty. */
export const redisMetricProviders = [
  makeHistogramProvider({
    name: COMMAND_SECONDS,
    help: 'Seconds from giving a command to the connection until its answer, except for commands that block',
    labelNames: ['connection'],
    buckets: [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 5],
  }),
  makeGaugeProvider({
    name: PING,
    help: 'Seconds that Redis took to answer this process when metrics were last asked for',
    // So that there is none before the first answer, instead of a 0.
    labelNames: ['connection'],
  }),
  makeGaugeProvider({ name: STALE, help: '1 while Redis does not answer this process' }),
];

/** How fast Redis answers. */
@Injectable()
export class RedisGauge {
  constructor(
    @Inject(SHARED_REDIS) redis: Redis,
    @InjectMetric(PING) ping: Gauge,
    @InjectMetric(STALE) stale: Gauge,
  ) {
    GaugeReading.attach({
      read: async () => {
        const begun = performance.now();
        await redis.ping();
        return (performance.now() - begun) / 1000;
      },
      tell: (seconds) => ping.set({ connection: 'shared' }, seconds),
      gauges: [ping],
      stale,
    });
  }
}
