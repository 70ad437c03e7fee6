export { AppLogger } from './app-logger.js';
export { type LoggedError, LoggedErrors } from './logged-errors.js';
export { ALL_MODULES, LOG_LEVELS, type LogLevel, LogLevels } from './log-levels.js';
export { LoggingModule } from './logging.module.js';
export { RequestLog } from './request-log.js';
