import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A source says when it is scraped, keeps its fields in the order in which they were declared, and can be deleted with
 * its runs: with those that have ended, for what is under way would write for a source that is gone.
 */
export class SourceSchedules1763750000000 implements MigrationInterface {
  readonly name = 'SourceSchedules1763750000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE source ADD schedule jsonb, ALTER extraction TYPE json;

      ALTER TABLE run DROP CONSTRAINT fk_run_source_id, ADD CONSTRAINT fk_run_source_id
        FOREIGN KEY (source_id) REFERENCES source ON DELETE CASCADE;
      CREATE FUNCTION refuse_to_delete_run() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE foreign_key_violation USING MESSAGE = format('run %s is under way', OLD.id);
        END
      $$;
      CREATE TRIGGER tr_run_active BEFORE DELETE ON run FOR EACH ROW
        WHEN (OLD.status IN ('pending', 'running')) EXECUTE FUNCTION refuse_to_delete_run();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER tr_run_active ON run;
      DROP FUNCTION refuse_to_delete_run();
      ALTER TABLE run DROP CONSTRAINT fk_run_source_id, ADD CONSTRAINT fk_run_source_id
        FOREIGN KEY (source_id) REFERENCES source ON DELETE RESTRICT;
      DELETE FROM schedule WHERE target = 'scrape.source';
      ALTER TABLE source DROP schedule, ALTER extraction TYPE jsonb;
    `);
  }
}
