// Asks for its turn at a host, in a process of its own, as a worker does. Arguments: a JSON of
// { prefix, host, policy, options, waiters, outcome }. So many waiters ask over and over again. Writes a line
// "started <microseconds of Redis's clock>" for each turn, and gives it back with the outcome; without one it keeps it,
// and writes "lost" when it is told that it must not any more.
import 'reflect-metadata';
import { Redis } from 'ioredis';
import { once } from 'node:events';

const { HostGate } = await import('../../dist/features/scraping/politeness/host-gate.js');

const { prefix, host, policy, options, waiters, outcome } = JSON.parse(process.argv[2]);
const redis = new Redis(process.env.REDIS_URL, { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
await once(redis, 'ready');
const nothing = () => undefined;
const metrics = {
  granted: nothing,
  blocked: nothing,
  changed: nothing,
  redisIsSilent: nothing,
  lost: nothing,
};
const gate = new HostGate(redis, { prefix, ...options }, metrics);
const never = new AbortController().signal;

process.stdout.write('ready\n');
// Everybody begins together.
while ((await redis.get(`${prefix}:go`)) === null) await new Promise((resolve) => setTimeout(resolve, 5));
for (let n = 0; n < waiters; n++) void work();

async function work() {
  for (;;) {
    let permit;
    try {
      permit = await gate.enter(host, policy, never);
    } catch (error) {
      process.stdout.write(`refused ${error.reason}\n`);
      continue;
    }
    process.stdout.write(`started ${permit.started}\n`);
    permit.signal.addEventListener('abort', () => {
      process.stdout.write('lost\n');
      permit.leave({ kind: 'unused' });
    });
    if (!outcome) return;
    // A request takes a moment.
    await new Promise((resolve) => setTimeout(resolve, 5));
    permit.leave(outcome);
  }
}
