export { AppLogger } from './app-logger.js';
export { LoggingModule } from './logging.module.js';
export { RequestLog } from './request-log.js';
