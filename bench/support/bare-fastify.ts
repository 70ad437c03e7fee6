/**
 * What Fastify can do at most: the answers in the file that is named, byte for byte, with the same headers, on the same
 * routes, and nothing else. Prints where it listens.
 */
import Fastify from 'fastify';
import { readFileSync } from 'node:fs';

/** An answer of Gleaner as it was captured. */
export interface Captured {
  path: string;
  headers: Record<string, string>;
  /** In base64. */
  body: string;
}

const captured = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Captured[];
const answers = new Map(
  captured.map(({ path, headers, body }) => [path, { headers, body: Buffer.from(body, 'base64') }]),
);

const server = Fastify({ logger: false });
for (const route of ['/api/v1/quotes/:id', '/api/v1/quotes']) {
  server.get(route, (request, reply) => {
    const answer = answers.get(request.url);
    if (answer) reply.headers(answer.headers).send(answer.body);
    else reply.callNotFound();
  });
}
console.log(`listens on ${await server.listen({ host: '127.0.0.1', port: 0 })}`);
process.on('SIGTERM', () => process.exit(0));
