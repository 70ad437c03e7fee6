/**
 * The least that a task can cost on Bull: its own loops, a handler that does nothing, no history, no log.
 *
 * `node bare-bull.ts --redis URL --prefix PREFIX --concurrency N` answers GET / with how many it has run.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { BARE_TASK, bareQueue } from './bare-queue.ts';

const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: '' },
    prefix: { type: 'string', default: '' },
    concurrency: { type: 'string', default: '' },
  },
});

let processed = 0;
const queue = bareQueue(values.redis, values.prefix);
void queue.process(BARE_TASK, Number(values.concurrency), async () => {
  processed++;
  return 'done';
});
const server = createServer((_request, response) => response.end(String(processed)));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listens on http://127.0.0.1:${port}`);
});
process.on('SIGTERM', () => process.exit());
