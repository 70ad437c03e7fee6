export type { WorkerCommand } from './commands/commands.js';
export { WorkerCommands } from './commands/worker-commands.js';
export { type WorkerInfo, Workers } from './registry/workers.js';
export { WorkersModule } from './workers.module.js';
export { WorkersWorkerModule } from './workers.worker.module.js';
export { WorkersRunnerModule } from './workers.runner.module.js';
