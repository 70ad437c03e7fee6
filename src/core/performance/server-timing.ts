import type { FastifyInstance } from 'fastify';
import type { WorkUnit } from './work-unit.js';

/**
 * Tells whoever has a key, in the field `Server-Timing`, what the answer took; browsers show it beside the request. Never
 * strangers: how long PostgreSQL takes, and what is cached, is none of their business.
 *
 * The time is that until the head of the answer is sent; what a stream does after it is not known by then.
 */
export function serverTiming(server: FastifyInstance): void {
  server.addHook('onSend', (request, reply, _payload, done) => {
    if (request.principal && request.workUnit) {
      reply.header('Server-Timing', timingOf(request.workUnit, reply.elapsedTime));
      // A cache that others share would give it to everybody.
      const said = reply.getHeader('cache-control');
      if (typeof said === 'string') reply.header('Cache-Control', said.replace(/\bpublic\b/, 'private'));
    }
    done();
  });
}

/** As of https://www.w3.org/TR/server-timing/: milliseconds, and words for people. */
export function timingOf(unit: WorkUnit, totalMs: number): string {
  const { queries, querySeconds, cacheHits, cacheMisses, fetches, fetchSeconds } = unit;
  const metrics = [`total;dur=${milliseconds(totalMs)}`];
  if (queries > 0)
    metrics.push(
      `db;dur=${milliseconds(querySeconds * 1000)};desc="${counted(queries, 'query', 'queries')}"`,
    );
  const reads = [
    ...(cacheHits > 0 ? [counted(cacheHits, 'hit', 'hits')] : []),
    ...(cacheMisses > 0 ? [counted(cacheMisses, 'miss', 'misses')] : []),
  ];
  if (reads.length > 0) metrics.push(`cache;desc="${reads.join(', ')}"`);
  if (fetches > 0)
    metrics.push(
      `outgoing;dur=${milliseconds(fetchSeconds * 1000)};desc="${counted(fetches, 'fetch', 'fetches')}"`,
    );
  return metrics.join(', ');
}

const milliseconds = (ms: number): string => String(Math.round(ms * 10) / 10);
const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
