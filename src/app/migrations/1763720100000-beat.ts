import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Beat1763720100000 implements MigrationInterface {
  readonly name = 'Beat1763720100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE beat (
        id smallint CONSTRAINT pk_beat PRIMARY KEY CONSTRAINT ck_beat_id CHECK (id = 1),
        slot timestamptz(3) NOT NULL,
        sent_at timestamptz(3) NOT NULL,
        received_at timestamptz(3) NOT NULL,
        latency_ms integer NOT NULL,
        scheduler_id text NOT NULL,
        worker_id text NOT NULL
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE beat');
  }
}
