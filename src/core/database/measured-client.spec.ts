import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import pg from 'pg';
import { expect, it, vi } from 'vitest';
import { measuredClient } from './measured-client.js';

/** A message of PostgreSQL's protocol: its type, its length, its body. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const AUTHENTICATED = message('R', Buffer.alloc(4));
const READY = message('Z', Buffer.from('I'));
const SHUTTING_DOWN = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'));

it('a server that shuts down in the moment of connecting does not end the process', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, SHUTTING_DOWN])));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const uncaught = vi.fn();
  process.prependOnceListener('uncaughtException', uncaught);
  const pool = new pg.Pool({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    user: 'x',
    Client: measuredClient({ answered: vi.fn() }, { begin: () => () => undefined }),
  });
  pool.on('error', () => undefined);
  // As TypeORM takes a connection: whoever has it begins to listen a moment later.
  const client = await pool.connect();
  client.release(true);
  await pool.end();
  server.close();
  process.removeListener('uncaughtException', uncaught);
  expect(uncaught).not.toHaveBeenCalled();
});
