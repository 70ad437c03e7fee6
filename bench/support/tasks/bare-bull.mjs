// Runs no-op jobs with Bull alone, as its documentation shows. Arguments: queue, prefix, concurrency, number of jobs.
// Says "listens on http://bull/" when it is up, waits for a line on the key <prefix>:go, and writes the seconds from
// the first job to the last.
import Bull from 'bull';

const [name, prefix, concurrency, count] = process.argv.slice(2);
const queue = new Bull(name, process.env.REDIS_URL, { prefix, defaultJobOptions: { removeOnComplete: 1000 } });
await queue.isReady();
let first;
let done = 0;
void queue.process(Number(concurrency), async () => {
  first ??= performance.now();
  if (++done === Number(count)) setImmediate(() => console.log(`done in ${(performance.now() - first) / 1000}`));
  return 'done';
});
console.log('listens on http://bull/');
