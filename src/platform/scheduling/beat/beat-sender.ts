import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { processId } from '../../../core/process/index.js';
import { TaskQueue } from '../../queues/index.js';
import { Periodic, type PeriodicWork } from '../periodic.js';
import { beatHeartbeat, beatTaskId } from './beat.task.js';

const SLOT_MS = 30_000;
/** After that the chain is reported as broken, whatever may still come. */
const EXPIRES_MS = 10 * 60_000;

/**
 * Sends a heartbeat in every half minute. All schedulers do, under the same id, so each slot has one.
 *
 * PostgreSQL's clock says which slot it is, and the worker's share of the latency is taken from it as well: between
 * clocks of different machines it would be their difference that is measured.
 */
@Injectable()
// Oftener than the slots, so that none is left out, and one that Redis did not take is sent again.
@Periodic({ name: 'beat', everyMs: 5000 })
export class BeatSender implements PeriodicWork {
  private sent = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly tasks: TaskQueue,
  ) {}

  async runOnce(): Promise<void> {
    const [row]: { now: Date }[] = await this.dataSource.query('SELECT now() AS now');
    if (!row) return;
    const slot = Math.floor(row.now.getTime() / SLOT_MS) * SLOT_MS;
    if (slot <= this.sent) return;
    const beat = {
      slot: new Date(slot).toISOString(),
      sentAt: row.now.toISOString(),
      schedulerId: processId,
    };
    const expiresAt = new Date(slot + EXPIRES_MS);
    await this.tasks.enqueue(beatHeartbeat, beat, {
      id: beatTaskId(new Date(slot)),
      // One that comes late says nothing that a newer one does not say better.
      expiresAt,
      durable: false,
    });
    this.sent = slot;
  }
}
