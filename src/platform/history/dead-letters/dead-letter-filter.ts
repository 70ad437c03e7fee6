import { Parameters } from '../../../core/database/index.js';
import type { QueueName } from '../../queues/index.js';

/** Which dead letters are meant: those for which all of this is true; all of them when it is empty. */
export interface DeadLetterFilter {
  readonly ids?: readonly string[];
  readonly name?: string;
  readonly queue?: QueueName;
  readonly fingerprint?: string;
  readonly errorClass?: string;
  /** Inclusive. */
  readonly failedAfter?: Date;
  /** Exclusive. */
  readonly failedBefore?: Date;
  readonly replayed?: boolean;
}

/** The filter as a condition on `dead_letter d`, always true for an empty one. */
export function conditionOf(filter: DeadLetterFilter, parameters: Parameters): string {
  const conditions = ['true'];
  const { ids, name, queue, fingerprint, errorClass, failedAfter, failedBefore, replayed } = filter;
  if (ids) conditions.push(`d.task_id = ANY(${parameters.bind(ids)})`);
  if (name !== undefined) conditions.push(`d.name = ${parameters.bind(name)}`);
  if (queue !== undefined) conditions.push(`d.queue = ${parameters.bind(queue)}`);
  if (fingerprint !== undefined) conditions.push(`d.fingerprint = ${parameters.bind(fingerprint)}`);
  if (errorClass !== undefined) conditions.push(`d.error_class = ${parameters.bind(errorClass)}`);
  if (failedAfter) conditions.push(`d.failed_at >= ${parameters.bind(failedAfter)}`);
  if (failedBefore) conditions.push(`d.failed_at < ${parameters.bind(failedBefore)}`);
  if (replayed !== undefined) conditions.push(`(d.replayed_at IS NOT NULL) = ${parameters.bind(replayed)}`);
  return conditions.join(' AND ');
}

/** A filter in two parts: the one for which there is an index, and what has to be looked at row by row. */
export function byIndex({
  ids,
  failedAfter,
  failedBefore,
  fingerprint,
  name,
  ...rest
}: DeadLetterFilter): [indexed: DeadLetterFilter, rest: DeadLetterFilter] {
  const times = {
    ...(ids && { ids }),
    ...(failedAfter && { failedAfter }),
    ...(failedBefore && { failedBefore }),
  };
  const named = name === undefined ? {} : { name };
  return fingerprint === undefined
    ? [{ ...times, ...named }, rest]
    : [
        { ...times, fingerprint },
        { ...rest, ...named },
      ];
}
