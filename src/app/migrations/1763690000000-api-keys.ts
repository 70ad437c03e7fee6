import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ApiKeys1763690000000 implements MigrationInterface {
  readonly name = 'ApiKeys1763690000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE api_key (
        id text CONSTRAINT pk_api_key PRIMARY KEY,
        name text NOT NULL,
        role text NOT NULL CONSTRAINT ck_api_key_role CHECK (role IN ('viewer', 'operator', 'admin')),
        hash bytea NOT NULL CONSTRAINT ck_api_key_hash CHECK (octet_length(hash) = 32),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3),
        revoked_at timestamptz(3),
        last_used_at timestamptz(3)
      );

      -- A row of the key is not required: attempts with keys that never existed are entries, too.
      CREATE TABLE audit_entry (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_audit_entry PRIMARY KEY,
        at timestamptz(3) NOT NULL DEFAULT now(),
        action text NOT NULL,
        key_id text,
        address text,
        request_id text,
        outcome text NOT NULL,
        detail text
      );
      CREATE INDEX ix_audit_entry_at ON audit_entry (at, id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_entry, api_key');
  }
}
