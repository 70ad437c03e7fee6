import { Inject, Injectable } from '@nestjs/common';
import { type Findings, type HealthProbe, Probe } from '../../core/probes/index.js';
import { type QueuesConfig, queuesConfig } from './queues.config.js';
import { QueueControl } from './steering/queue-control.js';

/** Whether tasks are begun in time. */
@Injectable()
@Probe({ name: 'queues', timeoutMs: 2000, cacheMs: 2000, essential: false })
export class QueuesProbe implements HealthProbe {
  constructor(
    private readonly control: QueueControl,
    @Inject(queuesConfig.token) private readonly config: QueuesConfig,
  ) {}

  async check(): Promise<Findings> {
    const states = await this.control.states();
    const queues = Object.fromEntries(
      states.map(({ name, waiting, active, failed, oldestWaitingMs }) => [
        name,
        {
          waiting,
          active,
          failed,
          oldestWaitingSeconds: oldestWaitingMs === null ? null : oldestWaitingMs / 1000,
        },
      ]),
    );
    const waiting = states.reduce((sum, state) => sum + state.waiting, 0);
    const oldestMs = Math.max(0, ...states.map(({ oldestWaitingMs }) => oldestWaitingMs ?? 0));
    const reason =
      oldestMs > this.config.mostWaitingMs
        ? 'queues.late'
        : waiting > this.config.mostWaiting
          ? 'queues.backlog'
          : undefined;
    return { queues, ...(reason !== undefined && { reason }) };
  }
}
