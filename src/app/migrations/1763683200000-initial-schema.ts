import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Times have milliseconds, as JavaScript's have: keyset cursors carry them, and must not lose digits on the way. */
export class InitialSchema1763683200000 implements MigrationInterface {
  readonly name = 'InitialSchema1763683200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE source (
        id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_source PRIMARY KEY,
        slug text NOT NULL,
        name text NOT NULL,
        spider text NOT NULL,
        start_url text NOT NULL,
        politeness jsonb NOT NULL,
        enabled boolean NOT NULL DEFAULT true,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX uq_source_slug ON source (slug);

      CREATE TABLE run (
        id uuid CONSTRAINT pk_run PRIMARY KEY,
        source_id integer NOT NULL CONSTRAINT fk_run_source_id REFERENCES source ON DELETE RESTRICT,
        trigger text NOT NULL,
        status text NOT NULL,
        finish_reason text,
        attempt integer NOT NULL DEFAULT 0,
        stats jsonb NOT NULL,
        failures jsonb NOT NULL,
        error text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        started_at timestamptz(3),
        finished_at timestamptz(3),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      );
      CREATE INDEX ix_run_created_at ON run (created_at, id);
      CREATE INDEX ix_run_source_id_created_at ON run (source_id, created_at, id);
      CREATE UNIQUE INDEX uq_run_source_id_active ON run (source_id) WHERE status IN ('pending', 'running');

      CREATE TABLE author (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_author PRIMARY KEY,
        slug text NOT NULL,
        name text NOT NULL,
        born_on date,
        born_location text,
        description text,
        details_scraped timestamptz(3),
        last_run_id uuid,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX uq_author_slug ON author (slug);

      CREATE TABLE quote (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_quote PRIMARY KEY,
        source_id integer NOT NULL CONSTRAINT fk_quote_source_id REFERENCES source ON DELETE RESTRICT,
        author_id bigint NOT NULL CONSTRAINT fk_quote_author_id REFERENCES author ON DELETE RESTRICT,
        text text NOT NULL,
        text_hash bytea NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        last_scraped timestamptz(3) NOT NULL DEFAULT now(),
        scraped_count integer NOT NULL DEFAULT 1,
        last_run_id uuid NOT NULL
      );
      CREATE UNIQUE INDEX uq_quote_source_id_text_hash ON quote (source_id, text_hash);
      CREATE INDEX ix_quote_created_at ON quote (created_at, id);
      CREATE INDEX ix_quote_source_id_created_at ON quote (source_id, created_at, id);
      CREATE INDEX ix_quote_author_id_created_at ON quote (author_id, created_at, id);
      CREATE INDEX ix_quote_author_id_last_scraped ON quote (author_id, last_scraped);
      CREATE INDEX ix_quote_text_search ON quote USING gin (to_tsvector('english', text));

      CREATE TABLE tag (
        id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_tag PRIMARY KEY,
        name text NOT NULL
      );
      CREATE UNIQUE INDEX uq_tag_name ON tag (name);

      CREATE TABLE quote_tag (
        quote_id bigint NOT NULL CONSTRAINT fk_quote_tag_quote_id REFERENCES quote ON DELETE CASCADE,
        tag_id integer NOT NULL CONSTRAINT fk_quote_tag_tag_id REFERENCES tag ON DELETE RESTRICT,
        position smallint NOT NULL,
        CONSTRAINT pk_quote_tag PRIMARY KEY (quote_id, tag_id)
      );
      CREATE INDEX ix_quote_tag_tag_id ON quote_tag (tag_id, quote_id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE quote_tag, tag, quote, author, run, source');
  }
}
