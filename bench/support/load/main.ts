/** The load generator: a process of its own, told by messages what to do, answering each with what it measured. */
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { HttpConnection } from './connection.ts';
import { drawer } from './pick.ts';
import type { LoadJob, LoadResult, Target } from './protocol.ts';

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
  const draw = drawer(
    job.mixes.map((mix) => ({ ...mix, targets: mix.targets.map((target) => prepare(target, job.host)) })),
  );
  const latency = createHistogram({ figures: 3 });
  const result = { answers: 0, errors: 0, firstError: undefined as string | undefined };
  const fail = (what: string): void => {
    result.errors++;
    result.firstError ??= what;
  };
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  const until = performance.now() + job.durationMs;

  await Promise.all(Array.from({ length: job.connections }, (_, index) => drive(index)));

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

  /** One connection: the next request goes out when the answer to the last has come, and the pause is over. */
  async function drive(index: number): Promise<void> {
    const { patience, host, ports, connections } = job;
    if (patience) await delay((patience.openingMs * index) / connections);
    const at = {
      host,
      port: ports[index % ports.length] ?? Number.NaN,
      ...(patience && { localAddress: patience.from[index % patience.from.length] }),
    };
    await new Promise<void>((resolve) => {
      let sentAt = 0n;
      let target: PreparedTarget | undefined;
      let timer: NodeJS.Timeout | undefined;
      const end = (): void => {
        clearTimeout(timer);
        connection.close();
        resolve();
      };
      const ask = (): void => {
        if (performance.now() >= until) return end();
        target = draw();
        sentAt = process.hrtime.bigint();
        connection.send(target.request);
      };
      const pause = (): void => {
        const left = until - performance.now();
        timer = setTimeout(ask, Math.max(0, Math.min(Math.random() * 2 * (patience?.pauseMs ?? 0), left)));
      };
      const connection = new HttpConnection(at, {
        onOpen: patience ? pause : ask,
        onAnswer: ({ status, body }) => {
          latency.record(process.hrtime.bigint() - sentAt);
          if (status === 200 && isRight(body, target)) result.answers++;
          else fail(`status ${status}: ${body.toString('utf8').slice(0, 500)}`);
          if (patience) pause();
          else ask();
        },
        onError: (error) => {
          fail(error.message);
          end();
        },
      });
    });
  }
}

function prepare({ path, body }: Target, host: string): PreparedTarget {
  return {
    request: Buffer.from(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: application/json\r\n\r\n`,
      'latin1',
    ),
    body: body === undefined ? undefined : Buffer.from(body, 'base64'),
  };
}

const OPENING_BRACE = 0x7b;

function isRight(body: Buffer, target: PreparedTarget | undefined): boolean {
  return target?.body ? target.body.equals(body) : body[0] === OPENING_BRACE;
}
