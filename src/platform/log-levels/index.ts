export { LogLevelSettings, type SetLevel } from './log-level-settings.js';
export { LogLevelsModule } from './log-levels.module.js';
