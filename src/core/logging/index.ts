export { AppLogger } from './app-logger.js';
export { type LoggedError, LoggedErrors } from './logged-errors.js';
export { LoggingModule } from './logging.module.js';
export { RequestLog } from './request-log.js';
