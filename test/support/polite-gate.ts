import { Redis } from 'ioredis';
import { once } from 'node:events';
import { Counter, Histogram, Registry } from 'prom-client';
import { HostGate, type HostGateOptions } from '../../src/features/scraping/politeness/host-gate.js';
import { PolitenessMetrics } from '../../src/features/scraping/politeness/politeness.metrics.js';
import { Program } from './program.js';

/** As long as a test may take, and as impatient as production. */
export const GATE_OPTIONS = {
  leaseMs: 60_000,
  concurrentRequests: 10_000,
  patienceMs: 2000,
  breakerFailures: 5,
  breakerCooldownMs: 10_000,
  breakerMaxCooldownMs: 600_000,
};

/** A gate with a connection of its own, as each worker has one. */
export interface PoliteGate {
  gate: HostGate;
  redis: Redis;
  /** How often this process has spoken with Redis. */
  calls(): number;
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

export async function openGate(
  redisUrl: string,
  { socketTimeout = 5000, ...options }: Partial<HostGateOptions> & { prefix: string; socketTimeout?: number },
): Promise<PoliteGate> {
  const redis = new Redis(redisUrl, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 50,
    socketTimeout,
  });
  redis.on('error', () => undefined); // Some tests take Redis away.
  await once(redis, 'ready');
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, labelNames: string[] = []) =>
    new Counter({ name, help: name, labelNames, registers });
  const metrics = new PolitenessMetrics(
    new Histogram({ name: 'wait', help: 'wait', registers }),
    counter('granted'),
    counter('blocked', ['reason']),
    counter('transitions', ['state']),
    counter('lost'),
    counter('silences'),
  );
  const gate = new HostGate(redis, { ...GATE_OPTIONS, ...options }, metrics);
  const talking = redis as Redis & { exchangeHosts(...args: unknown[]): Promise<number[]> };
  const exchange = talking.exchangeHosts.bind(talking);
  let calls = 0;
  talking.exchangeHosts = (...args) => {
    calls++;
    return exchange(...args);
  };
  return {
    gate,
    redis,
    calls: () => calls,
    metric: async (name) => {
      const { values } = await registry.getSingleMetric(name)!.get();
      return values.reduce((sum, { value }) => sum + value, 0);
    },
    close: async () => {
      await gate.onApplicationShutdown();
      redis.disconnect();
    },
  };
}

/** See polite-worker.mjs. */
export class PoliteWorker extends Program {
  static spawn(redisUrl: string, task: Record<string, unknown>): PoliteWorker {
    const args = [
      'test/support/polite-worker.mjs',
      JSON.stringify({ waiters: 1, options: GATE_OPTIONS, ...task }),
    ];
    return new PoliteWorker(process.execPath, args, { env: { PATH: process.env.PATH, REDIS_URL: redisUrl } });
  }

  /** When its turns began, in microseconds on Redis's clock. */
  get starts(): number[] {
    return [...this.log.matchAll(/^started (\d+)$/gm)].map(([, time]) => Number(time));
  }

  /** How often it has heard that a permit is not its own any more. */
  get losses(): number {
    return this.log.match(/^lost$/gm)?.length ?? 0;
  }

  async has(line: string): Promise<void> {
    await this.until(`it says "${line}"`, async () => (this.log.includes(line) ? true : undefined), 40_000);
  }

  async end(): Promise<void> {
    this.kill('SIGKILL');
    await this.exit();
  }
}
