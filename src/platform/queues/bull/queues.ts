import { getQueueToken } from '@nestjs/bull';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bull';
import type { Redis } from 'ioredis';
import { messageOf } from '../../../core/errors/index.js';
import { type QueueName, QUEUE_NAMES } from './queue-names.js';

/** The Bull queues of this process, by name. */
@Injectable()
export class Queues {
  readonly all: ReadonlyMap<QueueName, Queue>;
  private readonly logger = new Logger(Queues.name);

  constructor(
    @Inject(getQueueToken('high')) high: Queue,
    @Inject(getQueueToken('default')) normal: Queue,
    @Inject(getQueueToken('low')) low: Queue,
  ) {
    const byName = { high, default: normal, low };
    this.all = new Map(QUEUE_NAMES.map((name) => [name, byName[name]]));
    for (const [name, queue] of this.all) {
      queue.on('error', (error: unknown) => this.logger.warn(`queue ${name}: ${messageOf(error)}`));
    }
  }

  /** The connection for short commands, which all queues share. */
  get client(): Redis {
    return this.of('default').client;
  }

  of(name: QueueName): Queue {
    const queue = this.all.get(name);
    if (!queue) throw new Error(`there is no queue "${name}"`);
    return queue;
  }
}
