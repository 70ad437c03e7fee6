import type { Change } from '../../../platform/changes/index.js';
import type { EventsQuery } from './events.dto.js';

/** Whether a change is one that the client wants. */
export function wants(query: EventsQuery, change: Change): boolean {
  const worker = change.kind === 'worker' ? change.id : change['worker'];
  const queues = change.kind === 'worker' ? change['queues'] : [change['queue']];
  return (
    is(query.kind, change.kind) &&
    is(query.state, change['state']) &&
    is(query.name, change['name']) &&
    is(query.worker, worker) &&
    is(query.id, change.id) &&
    (query.queue === undefined || (Array.isArray(queues) && queues.includes(query.queue)))
  );
}

const is = (wanted: unknown, value: unknown): boolean => wanted === undefined || wanted === value;
