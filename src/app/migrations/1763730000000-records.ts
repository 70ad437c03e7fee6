import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What declared sources yield, and, where it is asked for, how it changed. */
export class Records1763730000000 implements MigrationInterface {
  readonly name = 'Records1763730000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE record (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_record PRIMARY KEY,
        source_id integer NOT NULL CONSTRAINT fk_record_source_id REFERENCES source ON DELETE CASCADE,
        kind text NOT NULL,
        key_hash bytea NOT NULL,
        key text NOT NULL,
        data jsonb NOT NULL,
        url text NOT NULL,
        first_seen timestamptz(3) NOT NULL DEFAULT now(),
        last_seen timestamptz(3) NOT NULL DEFAULT now(),
        last_changed timestamptz(3) NOT NULL DEFAULT now(),
        last_run_id uuid NOT NULL,
        changed_run_id uuid NOT NULL,
        seen_count integer NOT NULL DEFAULT 1,
        change_count integer NOT NULL DEFAULT 0
      );
      CREATE UNIQUE INDEX uq_record_source_id_key_hash ON record (source_id, key_hash);
      CREATE INDEX ix_record_source_id ON record (source_id, id);
      CREATE INDEX ix_record_source_id_kind ON record (source_id, kind, id);
      CREATE INDEX ix_record_source_id_last_changed ON record (source_id, last_changed, id);
      CREATE INDEX ix_record_source_id_kind_last_changed ON record (source_id, kind, last_changed, id);

      CREATE TABLE record_change (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_record_change PRIMARY KEY,
        record_id bigint NOT NULL CONSTRAINT fk_record_change_record_id REFERENCES record ON DELETE CASCADE,
        run_id uuid NOT NULL,
        changed_at timestamptz(3) NOT NULL DEFAULT now(),
        before jsonb NOT NULL,
        after jsonb NOT NULL
      );
      CREATE UNIQUE INDEX uq_record_change_record_id_run_id ON record_change (record_id, run_id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE record_change, record');
  }
}
