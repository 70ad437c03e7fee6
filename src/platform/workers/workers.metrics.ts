import { Injectable } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge } from 'prom-client';
import { WorkerStore } from './registry/worker-store.js';

const ONLINE = 'gleaner_workers_online';
const HEARTBEAT_ERRORS = 'gleaner_worker_heartbeat_errors_total';

export const onlineGaugeProvider = makeGaugeProvider({
  name: ONLINE,
  help: 'Workers of the installation whose heartbeat came within 12 seconds; every process tells the same',
});

export const heartbeatErrorsProvider = makeCounterProvider({
  name: HEARTBEAT_ERRORS,
  help: 'Heartbeats of this worker that Redis did not take',
});

/** Asks Redis whenever metrics are asked for; while it is away there is no such number. */
@Injectable()
export class OnlineGauge {
  constructor(@InjectMetric(ONLINE) gauge: Gauge, store: WorkerStore) {
    Object.assign(gauge, {
      async collect(): Promise<void> {
        try {
          const { workers } = await store.read(undefined, { withFacts: false });
          gauge.set(workers.filter(({ state }) => state === 'online').length);
        } catch {
          gauge.remove();
        }
      },
    });
  }
}

/** Of a process that works. */
@Injectable()
export class HeartbeatMetrics {
  constructor(@InjectMetric(HEARTBEAT_ERRORS) readonly errors: Counter) {}
}
