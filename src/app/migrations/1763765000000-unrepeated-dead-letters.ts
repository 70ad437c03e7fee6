import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many dead letters nobody has repeated is asked for at every scrape of metrics. */
export class UnrepeatedDeadLetters1763765000000 implements MigrationInterface {
  readonly name = 'UnrepeatedDeadLetters1763765000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX ix_dead_letter_unrepeated ON dead_letter (queue) WHERE replayed_at IS NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX ix_dead_letter_unrepeated');
  }
}
