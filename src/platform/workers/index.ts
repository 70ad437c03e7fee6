export type { AnswerTo } from './commands/answers.js';
export type { WorkerReply } from './commands/command-channel.js';
export { commandSchema, type WorkerCommand } from './commands/commands.js';
export { type CommandOutcome, type SendOptions, WorkerCommands } from './commands/worker-commands.js';
export type { WorkerTask } from './registry/worker-facts.js';
export { type WorkerInfo, Workers } from './registry/workers.js';
export type { WorkerState } from './registry/worker-store.js';
export { WorkersModule } from './workers.module.js';
export { WorkersWorkerModule } from './workers.worker.module.js';
