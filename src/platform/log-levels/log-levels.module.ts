import { Module } from '@nestjs/common';
import { LogLevelFollower } from './log-level-follower.js';
import { LogLevelSettings } from './log-level-settings.js';

/** Levels of the log that are set at run time, for every process. */
@Module({
  providers: [LogLevelSettings, LogLevelFollower],
  exports: [LogLevelSettings],
})
export class LogLevelsModule {}
