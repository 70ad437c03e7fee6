import { Injectable } from '@nestjs/common';
import { type DeadLetterFilter, DeadLetters } from '../../../platform/history/index.js';
import { CONFIRM_SECONDS, Confirmations } from '../confirmations.js';
import { UnconfirmedPurgeError } from './dead-letter.errors.js';

/** Below the time in which a request has to be answered; what is left is left to the next call. */
const MOST_MS = 15_000;

/** Forgetting many dead letters: first how many is told, then whoever was told confirms it. */
@Injectable()
export class DeadLetterPurge {
  constructor(
    private readonly letters: DeadLetters,
    private readonly confirmations: Confirmations,
  ) {}

  /** @param keyId who may confirm it. */
  async offer(filter: DeadLetterFilter, keyId: string): Promise<{ token: string; count: number }> {
    const count = await this.letters.count(filter);
    return { token: await this.confirmations.offer(nameOf(filter), keyId, count), count };
  }

  /**
   * Forgets as many as there were when the token was made, the oldest first. A token is good once.
   * @throws UnconfirmedPurgeError
   */
  async confirm(
    filter: DeadLetterFilter,
    keyId: string,
    token: string,
  ): Promise<{ purged: number; remaining: number }> {
    const most = await this.confirmations.take(nameOf(filter), keyId, token);
    if (most === undefined) throw new UnconfirmedPurgeError(CONFIRM_SECONDS);
    const purged = await this.letters.purge(filter, { most, signal: AbortSignal.timeout(MOST_MS) });
    return { purged, remaining: await this.letters.count(filter) };
  }
}

const nameOf = (filter: DeadLetterFilter): string => `purge ${JSON.stringify(filter)}`;
