import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A run keeps what led to it, for the log lines and requests of all workers that take part in it. */
export class RunCorrelation1763766000000 implements MigrationInterface {
  readonly name = 'RunCorrelation1763766000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE run ADD correlation_id text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE run DROP correlation_id');
  }
}
