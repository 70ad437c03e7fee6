import { Injectable, Logger } from '@nestjs/common';
import { Timed, WorkUnits } from '../../../core/performance/index.js';
import type { QueueName } from '../../queues/index.js';
import { Periodic, type PeriodicWork } from '../../scheduling/index.js';
import { HistoryMetrics } from '../history.metrics.js';
import { Tombstones } from '../../queues/index.js';
import { ComparedQueues } from './compared-queues.js';
import { ComparedRows, type OpenRow } from './compared-rows.js';
import { type Found, repairOf, verdictOf, type Wrong } from './verdict.js';

/** Rows of one comparison. */
const BATCH = 1000;
/** Rows of one state in one minute. */
const MAX_ROWS = 5000;
/** More than that is no inconsistency but an outage; the rest has its turn a minute later. */
const MAX_SUSPECTS = 5000;

interface Suspect {
  readonly kind: Wrong;
  readonly seq: number;
}

interface Finding {
  readonly row: OpenRow;
  readonly kind: Wrong;
  readonly found: Found;
}

/**
 * Repairs rows of tasks that have not ended, where the queues say something else: what was not written because its
 * process was killed, or what Redis has lost.
 *
 * Neither side is judged in a moment of lag. A row is looked at once nothing was heard of its task for two minutes; it
 * becomes a suspect, and is repaired when a minute later the same is still wrong with it and it has not changed. Should
 * a process have been cut off from PostgreSQL for longer than that and still tell how the task ended, that counts.
 * Several schedulers may compare at once; a row is repaired by one of them.
 */
@Injectable()
@Periodic({ name: 'reconcile-tasks', everyMs: 60_000 })
export class TaskReconciler implements PeriodicWork {
  private readonly logger = new Logger(TaskReconciler.name);
  private suspects = new Map<string, Suspect>();

  constructor(
    private readonly rows: ComparedRows,
    private readonly queues: ComparedQueues,
    private readonly tombstones: Tombstones,
    private readonly units: WorkUnits,
    private readonly metrics: HistoryMetrics,
  ) {}

  @Timed()
  async runOnce(): Promise<void> {
    const suspects = [...this.suspects];
    for (let from = 0; from < suspects.length; from += BATCH)
      await this.units.run('batch', 'reconcile-tasks', () =>
        this.convict(new Map(suspects.slice(from, from + BATCH))),
      );
    this.suspects = new Map();
    for await (const rows of this.rows.quiet(BATCH, MAX_ROWS)) {
      for (const { row, kind } of await this.compare(rows)) this.suspects.set(row.id, { kind, seq: row.seq });
      if (this.suspects.size > MAX_SUSPECTS) break;
    }
  }

  /** Repairs those with which the same is still wrong. */
  private async convict(suspects: ReadonlyMap<string, Suspect>): Promise<void> {
    const rows = await this.rows.again([...suspects.keys()]);
    const wrong = await this.compare(rows.filter(({ id, seq }) => suspects.get(id)?.seq === seq));
    const repairs = wrong
      .filter(({ row, kind }) => suspects.get(row.id)?.kind === kind)
      .map(({ row, kind, found }) => repairOf(row, kind, found, Date.now()));
    for (const [kind, count] of await this.rows.repair(repairs)) {
      this.metrics.reconciled.inc({ kind }, count);
      this.logger.warn(
        { kind, tasks: count },
        'the history of tasks was not what their queues say; repaired',
      );
    }
  }

  private async compare(rows: readonly OpenRow[]): Promise<Finding[]> {
    const wrong: Finding[] = [];
    for (const [name, group] of Map.groupBy(rows, ({ queue }) => queue)) {
      // Of a queue that this release does not have nothing can be said.
      if (!this.queues.names.includes(name)) continue;
      const found = await this.find(
        name,
        group.map(({ id }) => id),
      );
      for (const row of group) {
        const known = found(row.id);
        const kind = verdictOf(row, known);
        if (kind) wrong.push({ row, kind, found: known });
      }
    }
    return wrong;
  }

  private async find(name: QueueName, ids: readonly string[]): Promise<(id: string) => Found> {
    // In this order: a job that goes on from one place to the next meanwhile is seen at least once.
    const jobs = await this.queues.jobs(name, ids);
    const active = await this.queues.active(name);
    const delayed = await this.queues.delayed(name, [...jobs.keys()]);
    const revoked = await this.tombstones.find(ids.filter((id) => !jobs.has(id)));
    return (id) => ({
      job: jobs.get(id),
      active: active.has(id),
      delayed: delayed.has(id),
      revoked: revoked.has(id),
    });
  }
}
