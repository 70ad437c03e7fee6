import pg from 'pg';
import { currentWorkUnit } from '../performance/index.js';
import type { QueryMeter } from './query-meter.js';
import type { StatementPatience } from './statement-patience.js';

type Callback = (error: Error | undefined, result: unknown) => void;
type AnyQuery = (...args: unknown[]) => unknown;

/**
 * The driver's client, measured and bounded: every statement counts, whoever sends it, and in whichever of the driver's three
 * ways of giving a result. A statement counts for the work that sends it, not for the one that opened the connection.
 */
export function measuredClient(
  meter: Pick<QueryMeter, 'answered'>,
  patience: Pick<StatementPatience, 'begin'>,
): typeof pg.Client {
  const { query } = pg.Client.prototype as { query: AnyQuery };

  class MeasuredClient extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      // A server that shuts down can say so in the packet that ends the handshake, when the pool does not listen yet:
      // without a listener that ends the process. Whoever uses the connection is told all the same.
      this.on('error', () => undefined);
    }
  }
  const measured: AnyQuery = function (this: pg.Client, ...args) {
    const unit = currentWorkUnit();
    if (unit) unit.queries++;
    const sql = textOf(args[0]);
    const start = performance.now();
    const stopWaiting = patience.begin(this);
    const answered = (): void => {
      stopWaiting();
      meter.answered(sql, performance.now() - start, unit);
    };
    const position = args.findIndex((argument) => typeof argument === 'function');
    if (position !== -1) {
      const callback = args[position] as Callback;
      args[position] = (error: Error | undefined, result: unknown): void => {
        answered();
        callback(error, result);
      };
      return query.apply(this, args);
    }
    const result = query.apply(this, args);
    // A cursor or a stream comes back itself; it reads at the pace of its reader, which says nothing of the database.
    if (result instanceof Promise) result.then(answered, answered);
    else stopWaiting();
    return result;
  };
  Object.assign(MeasuredClient.prototype, { query: measured });
  return MeasuredClient;
}

function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  return typeof query === 'object' && query !== null && 'text' in query ? String(query.text) : '';
}
