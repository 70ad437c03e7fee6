// A scheduler in a process of its own that takes failed tasks into PostgreSQL and then, before it removes them from
// their queue, says "between" and stays there.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';

const { AppModule } = await import('../../dist/app/app.module.js');
const { loadConfig } = await import('../../dist/core/config/index.js');
const { SWEEP } = await import('../../dist/platform/history/dead-letters/sweep.lua.js');

// Bull's own scripts come this way as well.
const evaluate = Redis.prototype.eval;
Redis.prototype.eval = function (script, ...args) {
  if (script !== SWEEP) return evaluate.call(this, script, ...args);
  process.stdout.write('between\n');
  return new Promise(() => undefined);
};
await NestFactory.createApplicationContext(AppModule.forMode('scheduler', loadConfig(process.env)), {
  logger: false,
  abortOnError: false,
});
