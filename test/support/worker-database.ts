import { AbstractLogger, type DataSource } from 'typeorm';
import { createDataSource } from '../../src/app/data-source.js';
import { loadConfig } from '../../src/core/config/index.js';
import { databaseConfig, limitsOf, Transactions } from '../../src/core/database/index.js';
import type { TestEnvironment } from './environment.js';

/** Every statement that TypeORM sends, transactions included. */
class Statements extends AbstractLogger {
  readonly sent: string[] = [];
  override logQuery(query: string): void {
    this.sent.push(query);
  }
  protected override writeLog(): void {}
}

export interface WorkerDatabase {
  dataSource: DataSource;
  transactions: Transactions;
  statements: { sent: string[] };
}

/** The database of a test file as a worker's pipeline is given it. */
export async function openAsWorker(environment: TestEnvironment): Promise<WorkerDatabase> {
  const config = loadConfig(environment.env, [databaseConfig]).get(databaseConfig);
  const statements = new Statements();
  const dataSource = await createDataSource(config).setOptions({ logger: statements }).initialize();
  const transactions = new Transactions(dataSource, limitsOf('worker', config), { inc: () => undefined });
  return { dataSource, transactions, statements };
}
