import { DataSource, type QueryRunner, type ReplicationMode } from 'typeorm';
import { fromConnectError, fromQueryError } from './database.errors.js';

/**
 * TypeORM's data source, whose query runners throw errors with a meaning. Everything goes through them: repositories,
 * query builders, raw queries and transactions.
 */
export class GleanerDataSource extends DataSource {
  override createQueryRunner(mode?: ReplicationMode): QueryRunner {
    const runner = super.createQueryRunner(mode);
    const connect = runner.connect.bind(runner);
    // TypeORM's interface has the structured form as an overload; both are the same function.
    const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<never>;
    runner.connect = () =>
      connect().catch((error: unknown) => {
        throw fromConnectError(error);
      });
    runner.query = (...args: unknown[]) =>
      query(...args).catch((error: unknown) => {
        throw fromQueryError(error);
      });
    return runner;
  }
}
