import type { Command, Redis } from 'ioredis';
import { ReplyError } from 'ioredis';
import type { Histogram } from 'prom-client';

/** What waits for something that may never come: how long it takes tells nothing of Redis. */
const BLOCKING = new Set(['brpoplpush', 'blmove', 'xread', 'xreadgroup', 'subscribe', 'psubscribe']);

const TIMED = Symbol('timed');

type Sent = Command & { [TIMED]?: true };

/**
 * Measures every command of a connection, from the moment it is given to ioredis until its answer: that includes the
 * time in which it waits for a connection, and for this process to read the answer. What Redis refuses is an answer;
 * what never came is none.
 *
 * Not through ioredis's tracing channel: that copies the arguments of every command.
 */
export function timeCommands(redis: Redis, seconds: Pick<Histogram.Internal<string>, 'observe'>): void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command: Sent, stream) => {
    // It comes again when it had to wait for a connection, and when that was lost.
    if (!command[TIMED] && !BLOCKING.has(command.name)) {
      command[TIMED] = true;
      const begun = performance.now();
      const answered = (): void => seconds.observe((performance.now() - begun) / 1000);
      command.promise.then(answered, (error: unknown) => {
        if (error instanceof ReplyError) answered();
      });
    }
    return send(command, stream);
  };
}
