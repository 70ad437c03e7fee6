export { type QueueName, QUEUE_NAMES } from './bull/queue-names.js';
export { Queues } from './bull/queues.js';
export { TaskQueue } from './enqueueing/task-queue.js';
export { TaskLimits } from './interim.js';
export { QueuesModule } from './queues.module.js';
export { QueuesWorkerModule } from './queues.worker.module.js';
export { ControllableWorker, type HeldTask } from './running/controllable-worker.js';
export { defineTask, Task, type TaskContext, type TaskHandler } from './tasks/task.js';
export { readEnvelope, type TaskEnvelope } from './tasks/task-envelope.js';
export {
  type TaskEvent,
  TaskEvents,
  type TaskFacts,
  type TaskFailure,
  type TaskListener,
} from './tasks/task-events.js';
