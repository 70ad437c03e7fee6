export { type QueueName, QUEUE_NAMES } from './bull/queue-names.js';
export { Queues } from './bull/queues.js';
export { type Enqueued, TaskQueue } from './enqueueing/task-queue.js';
export { taskRate } from './limits/rate.js';
export { TaskLimits } from './limits/task-limits.js';
export { type Revoked, Revocations } from './revoking/revocations.js';
export { QueueControl, type QueueState } from './steering/queue-control.js';
export { Tombstones } from './revoking/tombstones.js';
export { ControllableWorker, type HeldTask } from './running/controllable-worker.js';
export type { RawTask } from './tasks/raw-task.js';
export { declareTasks, TaskCatalogue } from './tasks/task-catalogue.js';
export { OutboxTask } from './enqueueing/outbox-task.entity.js';
export { type QueuesConfig, queuesConfig } from './queues.config.js';
export { QueuesIsolatedModule } from './queues.isolated.module.js';
export { ISOLATED_FLAG } from './running/isolated/isolated-children.js';
export { QueuesModule } from './queues.module.js';
export { QueuesWorkerModule } from './queues.worker.module.js';
export { defineTask, Task, type TaskContext, type TaskHandler } from './tasks/task.js';
export { readEnvelope, type TaskEnvelope } from './tasks/task-envelope.js';
export {
  type TaskEvent,
  TaskEvents,
  type TaskFacts,
  type TaskFailure,
  type TaskListener,
} from './tasks/task-events.js';
