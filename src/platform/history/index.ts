export { DeadLetter } from './entities/dead-letter.entity.js';
export { TaskAttempt } from './entities/task-attempt.entity.js';
export { TaskLog } from './entities/task-log.entity.js';
export { Task } from './entities/task.entity.js';
export { HistoryModule } from './history.module.js';
export { HistoryRunnerModule } from './history.runner.module.js';
