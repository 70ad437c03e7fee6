import { Injectable, Logger } from '@nestjs/common';
import { WorkUnits } from '../../../core/performance/index.js';
import type { QueueName } from '../../queues/index.js';
import { Periodic, type PeriodicWork } from '../../scheduling/index.js';
import type { TaskState } from '../entities/task.entity.js';
import { HistoryMetrics } from '../history.metrics.js';
import type { StoredJob } from '../jobs/stored-job.js';
import { type Rank, seqOf } from '../recording/seq.js';
import { newChange, shownResult, shownTask, type TaskChange } from '../recording/task-change.js';
import { TaskWriter } from '../recording/task-writer.js';
import { ComparedQueues, type Place, PLACES } from './compared-queues.js';
import { ComparedRows } from './compared-rows.js';

const BATCH = 1000;
/** Jobs of one place in one minute. */
const MAX_JOBS = 10_000;
/** The history may still be on its way. */
const QUIET_MS = 120_000;
/** Bull keeps what succeeded for as long as nothing follows; its row may have been deleted by then, and rightly so. */
const RECENT_MS = 3_600_000;

/**
 * Gives a row to jobs that have none, because whoever sent them was killed before the history was written, or could not
 * keep all of it in memory while PostgreSQL was away. Nothing is wrong with doing that too early: a row changes for
 * whoever knows more.
 */
@Injectable()
@Periodic({ name: 'find-missing-tasks', everyMs: 60_000 })
export class MissingRows implements PeriodicWork {
  private readonly logger = new Logger(MissingRows.name);

  constructor(
    private readonly rows: ComparedRows,
    private readonly queues: ComparedQueues,
    private readonly writer: TaskWriter,
    private readonly units: WorkUnits,
    private readonly metrics: HistoryMetrics,
  ) {}

  async runOnce(): Promise<void> {
    let added = 0;
    for (const name of this.queues.names)
      for (const place of PLACES)
        for await (const ids of this.queues.walk(name, place, BATCH, MAX_JOBS))
          added += await this.units.run('batch', 'find-missing-tasks', () => this.add(name, place, ids));
    if (added === 0) return;
    this.metrics.reconciled.inc({ kind: 'missing' }, added);
    this.logger.warn({ tasks: added }, 'tasks on the queues were missing in the history; added');
  }

  private async add(name: QueueName, place: Place, ids: readonly string[]): Promise<number> {
    const missing = await this.rows.withoutRow(ids);
    if (missing.length === 0) return 0;
    const now = Date.now();
    const jobs = [...(await this.queues.jobs(name, missing)).values()];
    const changes = jobs.filter((job) => isDue(job, place, now)).map((job) => changeOf(job, place));
    await this.writer.write(changes);
    return changes.length;
  }
}

function isDue(job: StoredJob, place: Place, now: number): boolean {
  if (place === 'completed')
    return job.succeeded && job.finishedAt < now - QUIET_MS && job.finishedAt > now - RECENT_MS;
  return job.enqueuedAt < now - QUIET_MS;
}

const STATES: Readonly<Record<Place, { state: TaskState; rank: Rank }>> = {
  wait: { state: 'pending', rank: 'back' },
  paused: { state: 'pending', rank: 'back' },
  active: { state: 'active', rank: 'active' },
  delayed: { state: 'retry', rank: 'back' },
  completed: { state: 'succeeded', rank: 'final' },
};

function changeOf(job: StoredJob, place: Place): TaskChange {
  const { state, rank } = STATES[place];
  const isBegun = job.starts > 0 || place === 'active';
  const change = newChange(job.id, shownTask(job.facts));
  change.starts = job.starts;
  change.attempt = job.attempts;
  change.state = place === 'delayed' && !isBegun ? 'scheduled' : state;
  change.seq = isBegun ? seqOf(job.starts, rank) : seqOf(0, 'sent');
  if (place === 'completed') {
    change.seq = seqOf(job.starts, 'final');
    change.finishedAt = job.finishedAt;
    change.result = shownResult(job.result);
  }
  return change;
}
