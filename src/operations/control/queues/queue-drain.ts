import { Injectable } from '@nestjs/common';
import { QueueControl, type QueueName } from '../../../platform/queues/index.js';
import { CONFIRM_SECONDS, Confirmations } from '../confirmations.js';
import { UnconfirmedDrainError } from './queue.errors.js';

const BATCH = 500;
/** Below the time in which a request has to be answered; what is left is left to the next call. */
const MOST_MS = 15_000;

export interface DrainOffer {
  readonly token: string;
  /** Tasks that waited when the token was made; no more of them are revoked by it. */
  readonly count: number;
}

/** Revoking all that waits in a queue: first what that would be is told, then whoever was told confirms it. */
@Injectable()
export class QueueDrain {
  constructor(
    private readonly queues: QueueControl,
    private readonly confirmations: Confirmations,
  ) {}

  /** @param keyId who may confirm it. */
  async offer(queue: QueueName, keyId: string): Promise<DrainOffer> {
    const { waiting: count } = await this.queues.state(queue);
    return { token: await this.confirmations.offer(`drain ${queue}`, keyId, count), count };
  }

  /**
   * Revokes what waited when the token was made, those that have waited longest first. A token is good once.
   * @throws UnconfirmedDrainError
   */
  async confirm(
    queue: QueueName,
    keyId: string,
    token: string,
  ): Promise<{ drained: number; remaining: number }> {
    const count = await this.confirmations.take(`drain ${queue}`, keyId, token);
    if (count === undefined) throw new UnconfirmedDrainError(queue, CONFIRM_SECONDS);
    const until = performance.now() + MOST_MS;
    let drained = 0;
    while (drained < count && performance.now() < until) {
      const batch = await this.queues.drain(queue, Math.min(BATCH, count - drained));
      if (batch === 0) break;
      drained += batch;
    }
    const { waiting: remaining } = await this.queues.state(queue);
    return { drained, remaining };
  }
}
