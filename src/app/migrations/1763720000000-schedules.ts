import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Schedules1763720000000 implements MigrationInterface {
  readonly name = 'Schedules1763720000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE schedule (
        id uuid CONSTRAINT pk_schedule PRIMARY KEY,
        name text NOT NULL,
        target text NOT NULL,
        payload jsonb NOT NULL CONSTRAINT ck_schedule_payload CHECK (octet_length(payload::text) <= 4096),
        cron text NOT NULL,
        time_zone text NOT NULL,
        jitter_seconds integer NOT NULL
          CONSTRAINT ck_schedule_jitter_seconds CHECK (jitter_seconds BETWEEN 0 AND 3600),
        overlap text NOT NULL CONSTRAINT ck_schedule_overlap CHECK (overlap IN ('skip', 'queue', 'replace')),
        enabled boolean NOT NULL,
        next_slot timestamptz(3),
        next_run_at timestamptz(3),
        last_slot timestamptz(3),
        last_run_at timestamptz(3),
        last_outcome text,
        waiting_slot timestamptz(3),
        ask_again_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        -- An enabled schedule without a next time would never fire, and nobody would notice.
        CONSTRAINT ck_schedule_enabled
          CHECK (enabled = (next_run_at IS NOT NULL) AND enabled = (next_slot IS NOT NULL))
      );
      CREATE UNIQUE INDEX uq_schedule_name ON schedule (name);
      CREATE INDEX ix_schedule_next_run_at ON schedule (next_run_at) WHERE enabled;
      CREATE INDEX ix_schedule_ask_again_at ON schedule (ask_again_at) WHERE ask_again_at IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE schedule');
  }
}
