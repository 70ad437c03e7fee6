export { QueuesModule } from './queues.module.js';
export { QueuesWorkerModule } from './queues.worker.module.js';
export { defineTask, Task, type TaskContext, type TaskHandler } from './task.js';
export { TaskQueue } from './task-queue.js';
