export { answerSchemas } from './commands/answers.js';
export {
  READING_COMMANDS,
  type ReadingCommand,
  steeringSchema,
  type WorkerCommand,
} from './commands/commands.js';
export { type SendOptions, WorkerCommands } from './commands/worker-commands.js';
export { type ControlOutcome, WorkerControl } from './commands/worker-control.js';
export { WorkerProfiles } from './commands/worker-profiles.js';
export { WORKER_STATES } from './registry/worker-store.js';
export { type WorkerInfo, Workers } from './registry/workers.js';
export { WorkersModule } from './workers.module.js';
export { WorkersWorkerModule } from './workers.worker.module.js';
export { WorkersRunnerModule } from './workers.runner.module.js';
