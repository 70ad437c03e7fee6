import { once } from 'node:events';
import { createServer } from 'node:net';
import { hasCode } from './errors.ts';

/**
 * A TCP port that nothing listens on at 127.0.0.1: the preferred one when it is free, else one chosen by the
 * system. It is not reserved: bind it soon.
 */
export async function findFreePort(preferred?: number): Promise<number> {
  if (preferred === undefined) return bindOnce(0);
  try {
    return await bindOnce(preferred);
  } catch (error) {
    if (!hasCode(error, 'EADDRINUSE', 'EACCES')) throw error;
    return bindOnce(0);
  }
}

async function bindOnce(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return address.port;
}
