export { repetitionOf, STORED_TASK, type StoredTask } from './actions/stored-task.js';
export { TaskActions } from './actions/task-actions.js';
export type { DeadLetterFilter } from './dead-letters/dead-letter-filter.js';
export { DeadLetterReplayer } from './dead-letters/dead-letter-replayer.js';
export {
  type DeadLetterDetail,
  type DeadLetterGroup,
  DeadLetters,
  type DeadLetterSummary,
} from './dead-letters/dead-letters.js';
export { Pace } from './dead-letters/pace.js';
export { DeadLetter } from './entities/dead-letter.entity.js';
export { TaskAttempt } from './entities/task-attempt.entity.js';
export { TaskLog } from './entities/task-log.entity.js';
export { FINAL_STATES, OPEN_STATES, Task, TASK_STATES } from './entities/task.entity.js';
export { ALL_COLUMNS, selectList, type TaskColumn, USUAL_COLUMNS } from './finding/task-columns.js';
export { TaskFinder, type TaskRow, type TaskSort } from './finding/task.finder.js';
export type { Place } from './finding/task-window.sql.js';
export { parseQuery } from './query/parse-query.js';
export { printQuery } from './query/print-query.js';
export type { TaskQuery } from './query/task-query.js';
export { type TaskDetail, TaskHistory } from './reading/task-history.js';
export { HistoryModule } from './history.module.js';
export { HistoryRunnerModule } from './history.runner.module.js';
