import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DataSource, type EntityManager, In, type QueryRunner } from 'typeorm';
import { Transactions } from '../../../core/database/index.js';
import { WorkUnits } from '../../../core/performance/index.js';
import { isPassing, messageOf } from '../../../core/errors/index.js';
import type { RawTask } from '../tasks/raw-task.js';
import { Outbox } from './outbox.js';
import { OutboxTask } from './outbox-task.entity.js';
import { Sender } from './sender.js';

const BATCH = 100;
/** How often it is looked for what another process has left. */
const LOOK_EVERY_MS = 1000;

/**
 * Puts on their queues what the outbox holds: at once after a transaction of this process that has added to it, and
 * each second, in every process, what others could not send or did not live to send.
 *
 * A task leaves the outbox in the transaction in which it was locked, after Redis has it; who dies in between leaves
 * it to be sent again, which Redis then ignores.
 */
@Injectable()
export class OutboxRelay implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(OutboxRelay.name);
  /** Connections whose open transaction has added something. */
  private readonly adding = new WeakSet<QueryRunner>();
  private timer: NodeJS.Timeout | undefined;
  private delivering: Promise<void> | undefined;
  private again = false;
  private failing = false;
  private stopping = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly units: WorkUnits,
    private readonly outbox: Outbox,
    private readonly sender: Sender,
  ) {}

  onApplicationBootstrap(): void {
    this.dataSource.subscribers.push({
      afterTransactionCommit: ({ queryRunner }) => {
        if (this.adding.delete(queryRunner)) this.kick();
      },
    });
    this.kick();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.delivering;
  }

  /** What this transaction adds is sent as soon as it commits. */
  sendAfter(manager: EntityManager): void {
    if (manager.queryRunner) this.adding.add(manager.queryRunner);
  }

  kick(): void {
    this.again = true;
    if (this.delivering || this.stopping) return;
    clearTimeout(this.timer);
    this.delivering = this.deliver().finally(() => {
      this.delivering = undefined;
      if (!this.stopping) this.timer = setTimeout(() => this.kick(), LOOK_EVERY_MS);
    });
  }

  private async deliver(): Promise<void> {
    try {
      while (this.again && !this.stopping) {
        this.again = false;
        if ((await this.units.run('periodic', 'outbox', () => this.deliverBatch())) === BATCH)
          this.again = true;
      }
      if (this.failing) this.logger.log('the outbox is sent again');
      this.failing = false;
    } catch (error) {
      // Once an outage: it is tried each second.
      if (!this.failing) this.logger.warn(`the outbox cannot be sent: ${messageOf(error)}`);
      if (!isPassing(error)) this.logger.error({ err: error }, 'the outbox cannot be sent');
      this.failing = true;
    }
  }

  private async deliverBatch(): Promise<number> {
    return this.transactions.run(async (manager) => {
      const claimed = await this.outbox.claim(BATCH, manager);
      const unsent = claimed.filter(({ begun }) => !begun);
      for (const tasks of byQueue(unsent)) await this.sender.send(tasks, true);
      if (claimed.length > 0) await manager.delete(OutboxTask, { id: In(claimed.map(({ id }) => id)) });
      return claimed.length;
    });
  }
}

function byQueue(tasks: readonly RawTask[]): RawTask[][] {
  return [...Map.groupBy(tasks, ({ queue }) => queue).values()];
}
