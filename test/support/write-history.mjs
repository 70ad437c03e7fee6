// An API in a process of its own that tells of the tasks t0, t1, … in an order of its own, each with one event of it.
// Arguments: how many tasks; the type of the event. Ends as the application does on SIGTERM.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';

const { AppModule } = await import('../../dist/app/app.module.js');
const { loadConfig } = await import('../../dist/core/config/index.js');
const { TaskEvents } = await import('../../dist/platform/queues/index.js');

const [count, type] = [Number(process.argv[2]), process.argv[3]];
const app = await NestFactory.createApplicationContext(
  AppModule.forMode('api', loadConfig({ ...process.env, MODE: 'api' })),
  { logger: false, abortOnError: false },
);
process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));

const order = Array.from({ length: count }, (_, n) => ({ n, by: Math.random() })).sort((a, b) => a.by - b.by);
const at = Date.now();
for (const { n } of order) {
  const envelope = { version: 1, payload: { n }, enqueuedAt: at, headers: {} };
  const task = { id: `t${n}`, name: 'lab.noop', queue: 'default', envelope, maxAttempts: 1, critical: false };
  const attempt = { workerId: `worker-${process.pid}`, start: 1, attempt: 1, runtimeMs: 1, result: n };
  app.get(TaskEvents, { strict: false }).emit({ type, at, task, ...attempt });
}
process.stdout.write('told\n');
