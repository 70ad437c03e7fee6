import type { FastifyInstance } from 'fastify';
import type { Socket } from 'node:net';

/**
 * On shutdown closes the idle connections that Node leaves open, and would wait for until they time out: those on which
 * no request has ever come, as browsers and balancers open them in advance; and those whose last request was still under
 * way when the shutdown began, as soon as it is answered.
 */
export function closeIdleConnections(fastify: FastifyInstance): void {
  const { server } = fastify;
  const silent = new Set<Socket>();
  let closing = false;
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    silent.delete(socket);
    response.once('close', () => {
      // Node itself takes the connection for busy until its own listeners have run.
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
  });
  fastify.addHook('preClose', (done) => {
    closing = true;
    for (const socket of silent) socket.destroy();
    done();
  });
}
