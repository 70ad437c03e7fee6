import type { Correlation } from '../../../core/correlation/index.js';
import type { TaskHeaders } from '../tasks/task-envelope.js';

/** What an attempt of a task, and whatever it begins, is part of. @param headers as it was enqueued with. */
export function correlationOf(id: string, name: string, attempt: number, headers: TaskHeaders): Correlation {
  const { correlationId = id, requestId, rootId = id } = headers;
  return {
    correlationId,
    ...(requestId !== undefined && { requestId }),
    taskId: id,
    task: name,
    attempt,
    rootTaskId: rootId,
  };
}
