export { QueuesModule } from './queues.module.js';
export { QueuesWorkerModule } from './queues.worker.module.js';
export { defineTask, Task, type TaskContext, type TaskHandler } from './tasks/task.js';
export { TaskQueue } from './enqueueing/task-queue.js';
