import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a run has still to fetch moves from the memory of its worker into a table, where several workers share it and a
 * lost one leaves nothing behind but leases that run out.
 */
export class Frontier1763740000000 implements MigrationInterface {
  readonly name = 'Frontier1763740000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE run
        ADD open_requests integer NOT NULL DEFAULT 0,
        ADD pages_left integer NOT NULL DEFAULT 0,
        ADD fields jsonb NOT NULL DEFAULT '{}',
        ADD suspicions jsonb NOT NULL DEFAULT '[]',
        ADD active_since timestamptz(3),
        ADD postponed_until timestamptz(3),
        ADD postponed_reason text;
      -- A run under way had its frontier in memory: it begins anew.
      UPDATE run SET status = 'pending' WHERE status = 'running';

      CREATE TABLE run_request (
        run_id uuid NOT NULL CONSTRAINT fk_run_request_run_id REFERENCES run ON DELETE CASCADE,
        fingerprint bytea NOT NULL,
        position bigint GENERATED ALWAYS AS IDENTITY,
        url text NOT NULL,
        host text NOT NULL,
        callback text NOT NULL,
        depth integer NOT NULL,
        state text NOT NULL DEFAULT 'pending',
        tries smallint NOT NULL DEFAULT 0,
        not_before timestamptz(3),
        lease_token uuid,
        leased_until timestamptz(3),
        error_code text,
        error text,
        CONSTRAINT pk_run_request PRIMARY KEY (run_id, fingerprint)
      );
      CREATE INDEX ix_run_request_pending ON run_request (run_id, host, position) WHERE state = 'pending';
      CREATE INDEX ix_run_request_leased ON run_request (run_id, leased_until) WHERE state = 'leased';
      CREATE INDEX ix_run_request_failed ON run_request (run_id, position) WHERE state = 'failed';

      CREATE TABLE page (
        source_id integer NOT NULL CONSTRAINT fk_page_source_id REFERENCES source ON DELETE CASCADE,
        fingerprint bytea NOT NULL,
        item_count integer NOT NULL,
        url text,
        etag text,
        last_modified text,
        version text,
        outputs text,
        seen_on date NOT NULL,
        CONSTRAINT pk_page PRIMARY KEY (source_id, fingerprint)
      );
      CREATE INDEX ix_page_seen_on ON page (seen_on);

      -- Counts of a run and those of a batch, name by name: the sum, or of depths the larger.
      CREATE FUNCTION add_counts(total jsonb, more jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT total || coalesce(jsonb_object_agg(key, CASE
          WHEN key LIKE '%\\_max' THEN greatest((total->key)::bigint, value::bigint)
          ELSE coalesce((total->key)::bigint, 0) + value::bigint
        END), '{}') FROM jsonb_each(more)
      $$;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION add_counts(jsonb, jsonb);
      DROP TABLE page, run_request;
      UPDATE run SET status = 'failed' WHERE status = 'cancelled';
      ALTER TABLE run DROP open_requests, DROP pages_left, DROP fields, DROP suspicions, DROP active_since,
        DROP postponed_until, DROP postponed_reason;
    `);
  }
}
