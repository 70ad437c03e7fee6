// A worker process that is seen and commanded as a real one is, and whose tasks are made up. Argument: a JSON of
// { active, reserved, concurrency }. Writes "ready", and a line for everything that it is told to do.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

const { migrations } = await import('../../dist/app/migrations/index.js');
const { ConfigModule, loadConfig } = await import('../../dist/core/config/index.js');
const { DatabaseModule } = await import('../../dist/core/database/index.js');
const { RedisModule } = await import('../../dist/core/redis/index.js');
const { ControllableWorker, QueuesModule } = await import('../../dist/platform/queues/index.js');
const { WorkersWorkerModule } = await import('../../dist/platform/workers/index.js');
await import('../../dist/app/app.config.js');

const { active = [], reserved = [], concurrency = 4 } = JSON.parse(process.argv[2] ?? '{}');
const say = (line) => process.stdout.write(`${line}\n`);
const env = { ...process.env };

/** Hears from Redis as Bull does, and never leaves a dead connection. */
const consumer = new Redis(env.REDIS_URL, { maxRetriesPerRequest: null });
consumer.on('error', () => undefined);
let contact = Date.now();

async function consume() {
  for (;;) {
    await consumer.blpop(`${env.REDIS_PREFIX}:nothing`, 1);
    contact = Date.now();
  }
}

const worker = {
  id: `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`,
  state: {
    queues: ['high', 'default', 'low'].map((name) => ({ name, consuming: true })),
    concurrency,
    paused: false,
    draining: false,
    active,
    reserved,
    totals: { processed: 7, succeeded: 4, failed: 1, retried: 2, revoked: 0 },
  },
  snapshot: () => worker.state,
  registered: () => [
    {
      name: 'made.up',
      queue: 'default',
      version: 1,
      attempts: 3,
      deadlineMs: 1000,
      isolated: false,
      critical: true,
      schema: 'not for others',
    },
  ],
  resize(to) {
    say(`resize ${to}`);
    return (worker.state.concurrency = Math.min(to, 50));
  },
  autoscale(bounds) {
    if (bounds?.min === 13) throw new Error('redis://:hush@somewhere is away');
    say(`autoscale ${JSON.stringify(bounds)}`);
    worker.state.autoscale = bounds;
  },
  consume(queue, consuming) {
    say(`consume ${queue} ${consuming}`);
    worker.state.queues.find(({ name }) => name === queue).consuming = consuming;
  },
  pause() {
    say('pause');
    worker.state.paused = true;
  },
  resume() {
    say('resume');
    worker.state.paused = false;
  },
  revoke(id, how) {
    say(`revoke ${id} ${how}`);
    return worker.state.active.some((task) => task.id === id);
  },
  lastContact: () => contact,
};

function FakeWorkerModule() {}
Module({
  providers: [{ provide: ControllableWorker, useValue: worker }],
  exports: [ControllableWorker],
})(FakeWorkerModule);

function Root() {}
Module({
  imports: [
    ConfigModule.forRoot(loadConfig(env)),
    DatabaseModule.forRoot('worker', migrations),
    RedisModule,
    QueuesModule.forRoot('worker'),
    { module: FakeWorkerModule, global: true },
    WorkersWorkerModule.forRoot('worker'),
  ],
})(Root);

const app = await NestFactory.createApplicationContext(Root, {
  logger: ['fatal', 'error', 'warn', 'log'],
  abortOnError: false,
});
process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));
void consume();
say(`ready ${worker.id}`);
