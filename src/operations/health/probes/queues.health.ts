import { Inject, Injectable } from '@nestjs/common';
import { withDeadline } from '../../../core/deadline/index.js';
import { type Findings, type HealthProbe, Probe } from '../../../core/probes/index.js';
import { DeadLetters } from '../../../platform/history/index.js';
import { QueueControl, type QueuesConfig, queuesConfig } from '../../../platform/queues/index.js';

/** Less than the probe itself may take. */
const LETTERS_TIMEOUT_MS = 1000;

/** Whether tasks are begun in time, and none has failed for good without anybody having dealt with it. */
@Injectable()
@Probe({ name: 'queues', timeoutMs: 2000, cacheMs: 2000, essential: false })
export class QueuesProbe implements HealthProbe {
  constructor(
    private readonly control: QueueControl,
    private readonly letters: DeadLetters,
    @Inject(queuesConfig.token) private readonly config: QueuesConfig,
  ) {}

  async check(): Promise<Findings> {
    const [states, deadLetters] = await Promise.all([this.control.states(), this.deadLetters()]);
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
    const reason = this.reasonFor(oldestMs, waiting, deadLetters ?? 0);
    return { queues, deadLetters, ...(reason !== undefined && { reason }) };
  }

  /** The most urgent first. */
  private reasonFor(oldestMs: number, waiting: number, deadLetters: number): string | undefined {
    if (oldestMs > this.config.mostWaitingMs) return 'queues.late';
    if (waiting > this.config.mostWaiting) return 'queues.backlog';
    return deadLetters > 0 ? 'queues.dead_letters' : undefined;
  }

  /** `null` when PostgreSQL does not tell: that is for its own probe to say, and says nothing about the queues. */
  private async deadLetters(): Promise<number | null> {
    try {
      const counts = await withDeadline(this.letters.unrepeated(), LETTERS_TIMEOUT_MS);
      return counts.reduce((sum, [, count]) => sum + count, 0);
    } catch {
      return null;
    }
  }
}
