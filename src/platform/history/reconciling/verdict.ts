import { GleanerError } from '../../../core/errors/index.js';
import type { Repair } from '../history.metrics.js';
import type { StoredJob } from '../jobs/stored-job.js';
import { OUT_OF_TURN, seqOf } from '../recording/seq.js';
import { shownFailure, shownResult } from '../recording/task-change.js';
import type { OpenRow, RowRepair } from './compared-rows.js';

/** The history of a task that is gone has no end: Redis has lost it, or its worker was killed just after ending it. */
class TaskLostError extends GleanerError {
  readonly code = 'task.lost';
  readonly title = 'Task lost';

  constructor() {
    super(
      'The task is on no queue any more, and nobody has told how it ended: Redis has lost it, or its worker was killed before the history was written. Look whether its work is done, and else enqueue it again.',
    );
  }
}

/** What the queue knows of a task. */
export interface Found {
  /** Absent when no queue has it. */
  readonly job: StoredJob | undefined;
  readonly active: boolean;
  readonly delayed: boolean;
  readonly revoked: boolean;
}

/** What can be wrong with a row. */
export type Wrong = Exclude<Repair, 'missing'>;

/** What is wrong with a row; `undefined` when it is what its queue says, or the sweeper sees to it. */
export function verdictOf(row: OpenRow, { job, active, revoked }: Found): Wrong | undefined {
  if (!job) return revoked ? 'revoked' : 'lost';
  if (job.finishedAt > 0) return job.succeeded ? 'ended' : undefined;
  const isBegun = row.state === 'active' || row.state === 'received';
  if (isBegun && !active) return 'ghost_active';
  if (!isBegun && active && seqOf(job.starts, 'active') > row.seq) return 'stuck_pending';
  return undefined;
}

/** What a row becomes with which that is wrong. */
export function repairOf(row: OpenRow, kind: Wrong, found: Found, now: number): RowRepair {
  const { id, seq: seen, starts } = row;
  return { kind, id, seen, starts, ...REPAIRED[kind](row, found, now) };
}

type Repaired = Omit<RowRepair, 'kind' | 'id' | 'seen' | 'starts'> & { readonly starts?: number };

const REPAIRED: Readonly<Record<Wrong, (row: OpenRow, found: Found, now: number) => Repaired>> = {
  ended: (row, { job }, now) => {
    const starts = Math.max(row.starts, job?.starts ?? 0);
    return {
      state: 'succeeded',
      seq: seqOf(starts, 'final'),
      starts,
      finishedAt: job?.finishedAt ?? now,
      result: shownResult(job?.result),
    };
  },
  revoked: (_row, _found, now) => ({ state: 'revoked', seq: OUT_OF_TURN, finishedAt: now }),
  ghost_active: ({ starts }, { delayed }) => ({
    state: delayed ? 'scheduled' : 'pending',
    seq: seqOf(starts, 'back'),
  }),
  stuck_pending: (row, { job }) => {
    const starts = job?.starts ?? row.starts;
    return { state: 'active', seq: seqOf(starts, 'active'), starts };
  },
  // Whoever still tells how it ended knows better, and comes after this.
  lost: ({ starts }, _found, now) => {
    const { name, code, message } = new TaskLostError();
    const { errorClass, errorMessage, fingerprint } = shownFailure({ class: name, code, message });
    return {
      state: 'failed',
      seq: seqOf(starts, 'missed'),
      finishedAt: now,
      errorClass,
      errorMessage,
      fingerprint,
    };
  },
};
