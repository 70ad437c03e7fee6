import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server on which connections can vanish without a word, as behind a firewall that forgets them. */
export class BlackHole {
  private readonly pairs = new Set<[Socket, Socket]>();

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly port: number,
  ) {}

  static async before(port: number): Promise<BlackHole> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const hole = new BlackHole(server, (server.address() as AddressInfo).port);
    server.on('connection', (socket) => hole.pass(socket, connect(port, '127.0.0.1')));
    return hole;
  }

  /** From now on nothing passes on the connections that there are, nor is any of them closed; new ones work. */
  swallow(): void {
    for (const [one, other] of this.pairs) {
      one.unpipe(other).pause();
      other.unpipe(one).pause();
    }
  }

  async close(): Promise<void> {
    this.server.close();
    for (const sockets of this.pairs) for (const socket of sockets) socket.destroy();
  }

  private pass(one: Socket, other: Socket): void {
    const pair: [Socket, Socket] = [one, other];
    this.pairs.add(pair);
    one.pipe(other).pipe(one);
    for (const socket of pair) {
      socket.on('error', () => undefined); // Its closing tells enough.
      socket.on('close', () => {
        this.pairs.delete(pair);
        for (const each of pair) each.destroy();
      });
    }
  }
}
