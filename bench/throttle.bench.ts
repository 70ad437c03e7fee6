import { Redis } from 'ioredis';
import { openThrottle } from './adapters/throttle.ts';
import { environment } from './support/application.ts';
import { aim, type Aim, type Benchmark, measure, type Measure, median, ratios } from './support/benchmark.ts';
import { callsPerSecond } from './support/callers.ts';
import { createDatabase } from './support/database.ts';

/** Requests under way at once: one client that waits, a busy server, a flood. */
const CONCURRENCY = [1, 50, 200];

/**
 * INCR is the least that counting in Redis can cost. Pipelined by ioredis, all calls of a turn of the event loop share
 * one write, which is what a decision may do as well; both are shown.
 */
const benchmark: Benchmark = {
  claim: 'throttle decisions reach 0.7 of a bare Redis INCR at the same concurrency',
  async run(context) {
    const env = environment(context, await createDatabase(context));
    const decide = await openThrottle(env, context.stack);
    const incr = openIncr(context.redisUrl, env.REDIS_PREFIX ?? '', false, context.stack);
    const pipelined = openIncr(context.redisUrl, env.REDIS_PREFIX ?? '', true, context.stack);
    const durationMs = context.quick ? 200 : 2000;
    const measures: Measure[] = [];
    const aims: Aim[] = [];
    for (const concurrency of CONCURRENCY) {
      const sides = { decide: [] as number[], incr: [] as number[], pipelined: [] as number[] };
      const each = async (ms: number): Promise<void> => {
        sides.decide.push(await callsPerSecond((caller) => decide(`client-${caller}`), concurrency, ms));
        sides.incr.push(await callsPerSecond(incr, concurrency, ms));
        sides.pipelined.push(await callsPerSecond(pipelined, concurrency, ms));
      };
      context.say(`${concurrency} at once: warming up`);
      await each(durationMs / 2);
      for (const side of Object.values(sides)) side.length = 0;
      for (let round = 1; round <= context.rounds; round++) {
        context.say(`${concurrency} at once: round ${round} of ${context.rounds}`);
        await each(durationMs);
      }
      const ratio = ratios(sides.decide, sides.incr);
      measures.push(
        measure(`${concurrency} at once, decisions`, '1/s', sides.decide),
        measure(`${concurrency} at once, INCR`, '1/s', sides.incr),
        measure(`${concurrency} at once, INCR pipelined by ioredis`, '1/s', sides.pipelined),
        measure(`${concurrency} at once, decisions by INCR`, '', ratio),
        measure(
          `${concurrency} at once, decisions by pipelined INCR`,
          '',
          ratios(sides.decide, sides.pipelined),
        ),
      );
      aims.push(aim(`decisions by INCR, ${concurrency} at once,`, median(ratio), { atLeast: 0.7 }));
    }
    return {
      measures,
      aims,
      notes: ['one key a caller on every side; one connection to Redis; no decision refuses'],
    };
  },
};

export default benchmark;

function openIncr(
  url: string,
  prefix: string,
  enableAutoPipelining: boolean,
  stack: AsyncDisposableStack,
): (caller: number) => Promise<number> {
  const redis = new Redis(url, { enableAutoPipelining });
  stack.defer(() => redis.disconnect());
  return (caller) => redis.incr(`${prefix}:incr:${caller}`);
}
