import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { TaskQueue } from '../../../platform/queues/index.js';
import {
  type Fired,
  type ScheduledWork,
  ScheduleTarget,
  type Slot,
} from '../../../platform/scheduling/index.js';
import { SCRAPE_SOURCE } from '../../sources/index.js';
import { scrapeRun } from '../scrape-run.task.js';
import { insertRun } from './new-run.js';
import { writeEnding } from './run-ender.js';
import { CANCELLED } from './run-ending.js';
import { RunEvents } from './run-events.js';
import { taskIdOf } from './run-task-id.js';

const payload = z.object({ sourceId: z.int() });

/**
 * Starts a run for each slot of a source's schedule: the run is inserted by the transaction that claims the slot, and
 * gets its task after that, or from RunRescuer when the scheduler dies in between.
 */
@Injectable()
@ScheduleTarget(SCRAPE_SOURCE)
export class ScheduledRuns implements ScheduledWork {
  constructor(
    private readonly tasks: TaskQueue,
    private readonly events: RunEvents,
  ) {}

  async fire(slot: Slot, manager: EntityManager): Promise<Fired> {
    const { sourceId } = payload.parse(slot.payload);
    if (!(await isEnabled(manager, sourceId))) return { outcome: 'skipped' };
    const runId = runIdOf(slot);
    // Should a clock go back, a slot comes again.
    if (await exists(manager, runId)) return { outcome: 'fired' };
    await this.tasks.enqueue(scrapeRun, { runId }, { id: taskIdOf(runId), within: manager });
    for (;;) {
      const active = await insertRun(manager, runId, sourceId, 'schedule');
      if (active === undefined) return { outcome: 'fired' };
      if (slot.overlap === 'skip') return { outcome: 'skipped' };
      if (slot.overlap === 'queue') return { outcome: 'waiting' };
      // It can have ended by now.
      if (!(await cancelIfActive(manager, active))) continue;
      await insertRun(manager, runId, sourceId, 'schedule');
      const afterCommit = async (): Promise<void> => this.events.ended(active, sourceId, CANCELLED);
      return { outcome: 'replaced', afterCommit };
    }
  }
}

/** The same run for the same slot, however often it is fired. RFC 9562's version 8: any 122 bits. */
function runIdOf({ scheduleId, scheduledFor }: Slot): string {
  const hash = createHash('sha256').update(`${scheduleId} ${scheduledFor.toISOString()}`).digest();
  hash[6] = 0x80 | (hash[6]! & 0x0f);
  hash[8] = 0x80 | (hash[8]! & 0x3f);
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

async function exists(manager: EntityManager, runId: string): Promise<boolean> {
  const rows: unknown[] = await manager.query('SELECT 1 FROM run WHERE id = $1', [runId]);
  return rows.length > 0;
}

async function isEnabled(manager: EntityManager, sourceId: number): Promise<boolean> {
  const rows: unknown[] = await manager.query(
    'SELECT 1 FROM source WHERE id = $1 AND enabled FOR KEY SHARE',
    [sourceId],
  );
  return rows.length > 0;
}

async function cancelIfActive(manager: EntityManager, runId: string): Promise<boolean> {
  const rows: unknown[] = await manager.query(
    `SELECT 1 FROM run WHERE id = $1 AND status IN ('pending', 'running') FOR NO KEY UPDATE`,
    [runId],
  );
  if (rows.length === 0) return false;
  await writeEnding(manager, runId, CANCELLED);
  return true;
}
