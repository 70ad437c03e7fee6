import pg from 'pg';
import type { DatabaseLimits } from './database-limits.js';

/** Milliseconds that the server gets to end a statement by its own time-out before it is asked to. */
const SERVER_FIRST_MS = 1000;
/** Milliseconds from asking the server to cancel to giving up the connection. */
const LAST_WORD_MS = 2000;

/** Parts of the driver's client that its types do not tell of. */
interface ClientInternals {
  processID: number | null;
  secretKey: number | null;
  host: string;
  port: number;
  connection: { stream: { destroy(error: Error): void } };
}

interface Cancelling {
  connect(port: number, host: string): void;
  cancel(processId: number, secret: number): void;
  on(event: 'connect' | 'error', listener: () => void): void;
  stream: { destroy(): void };
}

/**
 * Bounds how long this side waits for a statement, whatever the server does.
 *
 * 1. The server's own statement time-out comes first where there is one; behind a pooler there is none outside of
 *    transactions, for that would be a setting of somebody else's session.
 * 2. The server is asked to cancel the statement, on a connection of its own, as the protocol has it; through
 *    PgBouncer, too. It then fails as by a time-out.
 * 3. A server that does not even answer that is frozen or gone: the connection is given up, which fails the statement,
 *    and the pool makes a new one.
 */
export class StatementPatience {
  private readonly cancelAfterMs: number;

  constructor({ statementTimeoutMs, pooled }: DatabaseLimits) {
    this.cancelAfterMs = statementTimeoutMs === 0 ? 0 : statementTimeoutMs + (pooled ? 0 : SERVER_FIRST_MS);
  }

  /** Begins to wait for a statement on this connection. @returns what ends the waiting. */
  begin(client: pg.Client): () => void {
    if (this.cancelAfterMs === 0) return () => undefined;
    let timer = setTimeout(() => {
      const canceller = cancel(client as unknown as ClientInternals);
      timer = setTimeout(() => {
        canceller.stream.destroy();
        const ms = this.cancelAfterMs + LAST_WORD_MS;
        const error = new Error(`The database has not answered for ${ms} ms.`);
        (client as unknown as ClientInternals).connection.stream.destroy(error);
      }, LAST_WORD_MS);
    }, this.cancelAfterMs);
    return () => clearTimeout(timer);
  }
}

function cancel({ processID, secretKey, host, port }: ClientInternals): Cancelling {
  const connection = new pg.Connection() as unknown as Cancelling;
  // Nothing to do: what cannot be cancelled is given up soon.
  connection.on('error', () => undefined);
  connection.on('connect', () => connection.cancel(processID ?? 0, secretKey ?? 0));
  connection.connect(port, host);
  return connection;
}
