import Bull, { type Queue } from 'bull';

export const BARE_TASK = 'bench.noop';

/** A queue as Bull makes it, that keeps as many completed jobs as Gleaner's. */
export function bareQueue(redisUrl: string, prefix: string): Queue {
  return new Bull('bare', redisUrl, { prefix, defaultJobOptions: { removeOnComplete: 1000, attempts: 3 } });
}
