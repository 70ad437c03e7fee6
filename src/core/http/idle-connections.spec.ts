import fastify from 'fastify';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from 'vitest';
import { closeIdleConnections } from './idle-connections.js';

it('neither a connection on which nothing was asked nor one that is answered last keeps the server from ending', async () => {
  const server = fastify({ forceCloseConnections: 'idle' });
  closeIdleConnections(server);
  let answer = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    server.get('/', async () => {
      resolve();
      await new Promise<void>((done) => (answer = done));
      return 'whole';
    });
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  const silent = connect(port, '127.0.0.1');
  await once(silent.resume(), 'connect');
  const busy = fetch(`http://127.0.0.1:${port}/`);
  await asked;
  const closed = server.close();
  await once(silent, 'close');
  // What is under way still ends well.
  answer();
  expect(await (await busy).text()).toBe('whole');
  await closed;
});
