import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to PostgreSQL that can be cut, or made to say nothing, for one application without touching the others. */
export interface PgProxy {
  /** As the URL of the server behind it. */
  url: string;
  allow(): void;
  /** Every connection is cut, and each new one as well. */
  refuse(): void;
  /** Connections stay, but nothing goes through any more, as with a server that was stopped by SIGSTOP. */
  freeze(): void;
  close(): Promise<void>;
}

export async function startPgProxy(databaseUrl: string): Promise<PgProxy> {
  const target = new URL(databaseUrl);
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'allow' | 'refuse' | 'freeze' = 'allow';

  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on('data', (data) => to.write(data));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
    }
    apply(pair);
  });

  const apply = (pair: readonly [Socket, Socket]): void => {
    for (const socket of pair) {
      if (state === 'refuse') socket.destroy();
      else if (state === 'freeze') socket.pause();
      else socket.resume();
    }
  };
  const become = (next: typeof state): void => {
    state = next;
    for (const pair of pairs) apply(pair);
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(typeof address === 'object' ? address?.port : '');
  return {
    url: url.href,
    allow: () => become('allow'),
    refuse: () => become('refuse'),
    freeze: () => become('freeze'),
    close: async () => {
      become('refuse');
      server.close();
      await once(server, 'close');
    },
  };
}
