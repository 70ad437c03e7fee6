import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { baselineOf } from '../drift/baseline.js';
import { suspicionsOf } from '../drift/drift.js';
import { type Ending, endingOf, pagesSeen } from './run-ending.js';
import type { FinishReason, Run } from './run.entity.js';

/** Ends runs, in the transaction of whoever brings them to their end and has their row locked. */
@Injectable()
export class RunEnder {
  /** Compares the run with those before it when it has seen everything, and writes how it ended. */
  async end(
    manager: EntityManager,
    run: Pick<Run, 'id' | 'sourceId' | 'stats' | 'fields' | 'failures'>,
    reason: FinishReason,
  ): Promise<Ending> {
    const whole = reason === 'finished' && pagesSeen(run.stats) > 0;
    const suspicions = whole ? suspicionsOf(run, await baselineOf(manager, run.sourceId)) : [];
    const ending = endingOf(reason, run.stats, run.failures, suspicions);
    await writeEnding(manager, run.id, ending);
    if (ending.status === 'succeeded') {
      await manager.query('UPDATE source SET data_as_of = now() WHERE id = $1', [run.sourceId]);
    }
    return ending;
  }
}

/** The row of a run says how it ended. The caller has it locked. */
export async function writeEnding(
  manager: EntityManager,
  runId: string,
  { status, finishReason, suspicions, error }: Ending,
): Promise<void> {
  await manager.query(
    `UPDATE run SET status = $2, finish_reason = $3, suspicions = $4, error = $5, finished_at = now(), updated_at = now(),
       postponed_until = NULL, postponed_reason = NULL
     WHERE id = $1`,
    [runId, status, finishReason, JSON.stringify(suspicions), error],
  );
}
