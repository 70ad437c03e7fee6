import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Redis } from 'ioredis';
import type { Gauge } from 'prom-client';
import { GaugeReading } from '../../../core/metrics/index.js';
import { type RedisConfig, redisConfig, Script, SHARED_REDIS } from '../../../core/redis/index.js';
import { COUNT_OPEN_CIRCUITS } from './lua/open-circuits.lua.js';

const OPEN = 'gleaner_politeness_breakers_open';
const STALE = 'gleaner_politeness_metrics_stale';

const COUNT = new Script('countOpenCircuits', COUNT_OPEN_CIRCUITS);

/** Where the scripts keep which circuits are open. @param prefix first part of every key. */
export const circuitsKey = (prefix: string): string => `${prefix}:host-circuits`;

export const openCircuitsProviders = [
  makeGaugeProvider({
    name: OPEN,
    help: 'Hosts whose circuit is open, or half-open for less than a minute; every process tells the same, so take the max',
  }),
  makeGaugeProvider({
    name: STALE,
    help: '1 while Redis does not answer, so that the metric of circuits is what it last was',
  }),
];

/** Hosts that nobody asks at present because they failed. Which they are is told in the log. */
@Injectable()
export class OpenCircuitsGauge {
  constructor(
    @Inject(SHARED_REDIS) redis: Redis,
    @Inject(redisConfig.token) { prefix }: RedisConfig,
    @InjectMetric(OPEN) open: Gauge,
    @InjectMetric(STALE) stale: Gauge,
  ) {
    GaugeReading.attach({
      read: async () => Number(await COUNT.run(redis, [circuitsKey(prefix)], [])),
      tell: (count) => open.set(count),
      gauges: [open],
      stale,
    });
  }
}
