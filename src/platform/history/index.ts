export type { DeadLetterFilter } from './dead-letters/dead-letter-filter.js';
export {
  DeadLetterReplayer,
  type ReplayOptions,
  type ReplayProgress,
} from './dead-letters/dead-letter-replayer.js';
export {
  type DeadLetterDetail,
  type DeadLetterGroup,
  type DeadLetterKey,
  DeadLetters,
  type DeadLetterSummary,
} from './dead-letters/dead-letters.js';
export { DeadLetter } from './entities/dead-letter.entity.js';
export { TaskAttempt } from './entities/task-attempt.entity.js';
export { TaskLog } from './entities/task-log.entity.js';
export { FINAL_STATES, OPEN_STATES, Task, TASK_STATES, type TaskState } from './entities/task.entity.js';
export { HistoryModule } from './history.module.js';
export { HistoryRunnerModule } from './history.runner.module.js';
export { type TaskDetail, TaskHistory } from './reading/task-history.js';
export { shownJson } from './redaction/shown-json.js';
export { shownText } from './redaction/shown-text.js';
