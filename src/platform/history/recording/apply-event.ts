import type { TaskEvent } from '../../queues/index.js';
import type { AttemptOutcome } from '../entities/task-attempt.entity.js';
import type { TaskState } from '../entities/task.entity.js';
import { OUT_OF_TURN, type Rank, seqOf } from './seq.js';
import {
  type AttemptChange,
  type LogLine,
  logLine,
  shownFailure,
  shownResult,
  type TaskChange,
} from './task-change.js';

type OfAttempt = Extract<TaskEvent, { start: number }>;
type Ended = Extract<OfAttempt, { runtimeMs: number }>;

/** Adds to a change what an event says. Events may come in any order, and more than once. */
export function applyEvent(change: TaskChange, event: TaskEvent): void {
  switch (event.type) {
    case 'sent': {
      const { eta } = event.task.envelope.headers;
      const scheduled = eta !== undefined && eta > event.at;
      advance(change, seqOf(0, 'sent'), scheduled ? 'scheduled' : 'pending');
      if (eta !== undefined) change.eta ??= eta;
      return;
    }
    case 'expired':
    case 'withdrawn':
      if (change.finishedAt === undefined) {
        advance(change, OUT_OF_TURN, event.type === 'expired' ? 'expired' : 'revoked');
        change.finishedAt = event.at;
      }
      return;
    case 'received':
      reach(change, event, 'received', 'received');
      return;
    case 'postponed':
      // It has not begun, so it is no attempt.
      if (reach(change, event, 'back', 'scheduled')) change.eta = event.until;
      return;
    case 'started':
      if (reach(change, event, 'active', 'active')) change.startedAt = event.at;
      attemptOf(change, event, event.at);
      return;
    case 'progress':
      // Comes again and again: the row then changes for the progress alone.
      if (reach(change, event, 'active', 'active') || change.seq === seqOf(event.start, 'active'))
        change.progress = shownResult(event.progress);
      return;
    case 'log':
      reach(change, event, 'active', 'active');
      addLine(change, logLine(event.start, event.at, event.message, event.fields));
      return;
    case 'succeeded':
    case 'failed':
    case 'revoked':
    case 'retry':
    case 'returned':
    case 'lost':
      applyEnd(change, event);
  }
}

const ENDS: Readonly<Record<Ended['type'], { rank: Rank; state: TaskState; outcome: AttemptOutcome }>> = {
  succeeded: { rank: 'final', state: 'succeeded', outcome: 'succeeded' },
  failed: { rank: 'final', state: 'failed', outcome: 'failed' },
  revoked: { rank: 'final', state: 'revoked', outcome: 'revoked' },
  retry: { rank: 'retry', state: 'retry', outcome: 'retry' },
  returned: { rank: 'back', state: 'pending', outcome: 'returned' },
  // Says nothing of the task: another worker has it.
  lost: { rank: 'active', state: 'active', outcome: 'lost' },
};

function applyEnd(change: TaskChange, event: Ended): void {
  const { rank, state, outcome } = ENDS[event.type];
  const startedAt = event.at - event.runtimeMs;
  const failure = 'failure' in event ? shownFailure(event.failure) : undefined;
  if (reach(change, event, rank, state)) {
    change.startedAt ??= startedAt;
    change.runtimeMs = event.runtimeMs;
    if (rank === 'final') change.finishedAt = event.at;
    if (failure) change.failure = failure;
    if (event.type === 'retry') change.eta = event.retryAt;
    if (event.type === 'succeeded') change.result = shownResult(event.result);
  }
  const attempt = attemptOf(change, event, startedAt);
  attempt.outcome = outcome;
  attempt.finishedAt = event.at;
  attempt.runtimeMs = event.runtimeMs;
  if (failure) attempt.failure = failure;
  if (event.type === 'retry') attempt.retryAt = event.retryAt;
}

function addLine(change: TaskChange, line: LogLine): void {
  change.logs.push(line);
  change.logBytes += 200 + line.message.length + (line.fields?.length ?? 0);
}

function attemptOf(change: TaskChange, event: OfAttempt, startedAt: number): AttemptChange {
  const known = change.attempts.get(event.start);
  if (known) return known;
  const { start, attempt, workerId: worker } = event;
  const fresh: AttemptChange = { start, attempt, worker, startedAt };
  change.attempts.set(start, fresh);
  return fresh;
}

/** @returns whether it is news. */
function reach(change: TaskChange, event: OfAttempt, rank: Rank, state: TaskState): boolean {
  const isNews = advance(change, seqOf(event.start, rank), state);
  if (isNews) {
    if (change.starts !== event.start) delete change.startedAt;
    change.starts = event.start;
    change.attempt = event.attempt;
    change.worker = event.workerId;
  }
  return isNews;
}

function advance(change: TaskChange, seq: number, state: TaskState): boolean {
  if (seq <= change.seq) return false;
  change.seq = seq;
  change.state = state;
  return true;
}
