import { Module } from '@nestjs/common';
import { connected, type RedisConfig, redisConfig, RedisConnections } from '../../../core/redis/index.js';
import { type ScrapingConfig, scrapingConfig } from '../scraping.config.js';
import { HostGate } from './host-gate.js';
import { OpenCircuitsGauge, openCircuitsProviders } from './open-circuits.js';
import { type PolitenessConfig, politenessConfig } from './politeness.config.js';
import { PolitenessMetrics, politenessMetricProviders } from './politeness.metrics.js';

/**
 * How long a host lacks the slots of a worker that was killed. Of this eight seconds may pass before a request that
 * goes on is cut off, the first two or three of which are waited before its lease is renewed: so Redis can be away
 * for five, which is a restart, without costing a request.
 */
const LEASE_MS = 10_000;
/** Long enough for a short pause of a host, short enough not to keep a request that could be postponed. */
const PATIENCE_MS = 2000;
/** How long booting waits for Redis, so that not every boot begins with an outage. */
const BOOT_WAIT_MS = 2000;
/** A connection that says nothing for so long is given up: one whose other end has vanished does not recover. */
const SOCKET_TIMEOUT_MS = 5000;

/** Per host and for the whole cluster: when a request may be sent. */
@Module({
  providers: [
    ...politenessMetricProviders,
    PolitenessMetrics,
    ...openCircuitsProviders,
    OpenCircuitsGauge,
    {
      provide: HostGate,
      inject: [
        RedisConnections,
        redisConfig.token,
        scrapingConfig.token,
        politenessConfig.token,
        PolitenessMetrics,
      ],
      useFactory: createGate,
    },
  ],
  exports: [HostGate],
})
export class PolitenessModule {}

async function createGate(
  connections: RedisConnections,
  { prefix }: RedisConfig,
  { concurrentRequests }: ScrapingConfig,
  breaker: PolitenessConfig,
  metrics: PolitenessMetrics,
): Promise<HostGate> {
  // A connection of its own: answers that come late hold up every request. The exchange repeats by itself what fails.
  const redis = connections.connect('politeness', {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(times * 50, 500),
    connectTimeout: SOCKET_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
  });
  await connected(redis, BOOT_WAIT_MS);
  const options = { prefix, leaseMs: LEASE_MS, concurrentRequests, patienceMs: PATIENCE_MS, ...breaker };
  return new HostGate(redis, options, metrics);
}
