import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SELF_SIGNED } from './self-signed.js';

/** A web server of a test: answers as it is told, and keeps what it was asked. */
export class WebServer {
  readonly requests: IncomingMessage[] = [];
  answer: RequestListener = (_, response) => void response.end();

  readonly port: number;

  private constructor(
    private readonly server: Server,
    private readonly scheme: 'http' | 'https',
  ) {
    this.port = (server.address() as AddressInfo).port;
    server.on('request', (request, response) => {
      this.requests.push(request);
      this.answer(request, response);
    });
  }

  /** @param listenTo an address of this machine; `0.0.0.0` for all of 127.0.0.0/8. */
  static async start(listenTo = '127.0.0.1', scheme: 'http' | 'https' = 'http'): Promise<WebServer> {
    const server = scheme === 'http' ? createServer() : createTlsServer(SELF_SIGNED);
    // Tests say when an idle connection ends.
    server.keepAliveTimeout = 0;
    await once(server.listen(0, listenTo), 'listening');
    return new WebServer(server, scheme);
  }

  get origin(): string {
    return this.originAt('127.0.0.1');
  }

  originAt(host: string): string {
    return `${this.scheme}://${host}:${this.port}`;
  }

  /** What was asked, in order. */
  get paths(): (string | undefined)[] {
    return this.requests.map(({ url }) => url);
  }

  async connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  /** Whoever still waits for an answer gets none. */
  closeConnections(): void {
    this.server.closeAllConnections();
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.closeAllConnections();
    await once(this.server.close(), 'close');
  }
}
