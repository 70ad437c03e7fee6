/** The load generator: a process of its own, told by messages what to do, answering each with what it measured. */
import { createHistogram } from 'node:perf_hooks';
import { HttpConnection } from './connection.ts';
import type { LoadJob, LoadResult, Target } from './protocol.ts';
import { picker } from './zipf.ts';

interface PreparedTarget {
  request: Buffer;
  body: Buffer | undefined;
}

process.on('message', (job: LoadJob) => {
  run(job).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
// Its parent's end is its own.
process.on('disconnect', () => process.exit(0));

async function run(job: LoadJob): Promise<LoadResult> {
  const targets = job.targets.map((target) => prepare(target, job));
  const next = picker(targets.length, job.pick);
  const latency = createHistogram({ figures: 3 });
  const result = { answers: 0, errors: 0, firstError: undefined as string | undefined };
  const fail = (what: string): void => {
    result.errors++;
    result.firstError ??= what;
  };
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  const until = performance.now() + job.durationMs;

  await Promise.all(Array.from({ length: job.connections }, () => drive()));

  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  const ms = (nanoseconds: number): number => nanoseconds / 1e6;
  return {
    ...result,
    seconds,
    latency: {
      p50: ms(latency.percentile(50)),
      p95: ms(latency.percentile(95)),
      p99: ms(latency.percentile(99)),
      max: ms(latency.max),
    },
    cpu: (user + system) / 1e6 / seconds,
  };

  /** One connection: the next request goes out when the answer to the last has come. */
  function drive(): Promise<void> {
    return new Promise((resolve) => {
      let sentAt = 0n;
      let target: PreparedTarget | undefined;
      const connection = new HttpConnection(job, {
        onOpen: ask,
        onAnswer: ({ status, body }) => {
          latency.record(process.hrtime.bigint() - sentAt);
          if (status === 200 && isRight(body, target)) result.answers++;
          else fail(`status ${status}: ${body.toString('utf8').slice(0, 500)}`);
          if (performance.now() < until) return ask();
          connection.close();
          resolve();
        },
        onError: (error) => {
          fail(error.message);
          connection.close();
          resolve();
        },
      });
      function ask(): void {
        target = targets[next()];
        if (!target) throw new Error('no such target');
        sentAt = process.hrtime.bigint();
        connection.send(target.request);
      }
    });
  }
}

function prepare({ path, body }: Target, { host, port }: LoadJob): PreparedTarget {
  return {
    request: Buffer.from(
      `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nAccept: application/json\r\n\r\n`,
      'latin1',
    ),
    body: body === undefined ? undefined : Buffer.from(body, 'base64'),
  };
}

const OPENING_BRACE = 0x7b;

function isRight(body: Buffer, target: PreparedTarget | undefined): boolean {
  return target?.body ? target.body.equals(body) : body[0] === OPENING_BRACE;
}
