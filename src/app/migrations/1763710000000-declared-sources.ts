import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A source says more of how it is to be crawled, and can be declared without code. */
export class DeclaredSources1763710000000 implements MigrationInterface {
  readonly name = 'DeclaredSources1763710000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE source
        ADD origin text NOT NULL DEFAULT 'code',
        ADD start_urls text[],
        ADD scope jsonb NOT NULL DEFAULT '{}',
        ADD limits jsonb NOT NULL DEFAULT '{}',
        ADD extraction jsonb,
        ADD data_as_of timestamptz(3),
        ALTER politeness SET DEFAULT '{}';
      UPDATE source SET start_urls = ARRAY[start_url], data_as_of = (
        SELECT max(finished_at) FROM run WHERE source_id = source.id AND status = 'succeeded'
      );
      ALTER TABLE source ALTER start_urls SET NOT NULL, DROP start_url;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE source ADD start_url text;
      UPDATE source SET start_url = start_urls[1];
      ALTER TABLE source ALTER start_url SET NOT NULL, ALTER politeness DROP DEFAULT,
        DROP origin, DROP start_urls, DROP scope, DROP limits, DROP extraction, DROP data_as_of;
    `);
  }
}
