import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Makes every read cost the same whatever the size of the tables (docs/adr/0006-database-access.md): tags stand at
 * their quote, a tag has its quotes in the order of the list, words are prepared for searching, and quotes are counted
 * when they are written instead of when somebody asks.
 */
export class BoundedReads1763700000000 implements MigrationInterface {
  readonly name = 'BoundedReads1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE quote ADD tags text[] NOT NULL DEFAULT '{}', ADD search tsvector NOT NULL DEFAULT '';
      UPDATE quote q SET search = to_tsvector('english', text), tags = array(
        SELECT t.name FROM quote_tag qt JOIN tag t ON t.id = qt.tag_id WHERE qt.quote_id = q.id ORDER BY qt.position
      );
      DROP INDEX ix_quote_text_search;
      CREATE INDEX ix_quote_search ON quote USING gin (search);
      CREATE TRIGGER tr_quote_search_insert BEFORE INSERT ON quote FOR EACH ROW
        EXECUTE FUNCTION tsvector_update_trigger(search, 'pg_catalog.english', text);
      CREATE TRIGGER tr_quote_search_update BEFORE UPDATE OF text ON quote FOR EACH ROW
        WHEN (OLD.text IS DISTINCT FROM NEW.text)
        EXECUTE FUNCTION tsvector_update_trigger(search, 'pg_catalog.english', text);

      ALTER TABLE quote_tag ADD created_at timestamptz(3);
      UPDATE quote_tag SET created_at = q.created_at FROM quote q WHERE q.id = quote_id;
      ALTER TABLE quote_tag ALTER created_at SET NOT NULL;
      DROP INDEX ix_quote_tag_tag_id;
      CREATE INDEX ix_quote_tag_tag_id_created_at ON quote_tag (tag_id, created_at, quote_id);

      CREATE INDEX ix_run_status_created_at ON run (status, created_at, id);
      CREATE INDEX ix_run_source_id_status_created_at ON run (source_id, status, created_at, id);
    `);
    await runner.query(counting('author', 'quote', 'author_id', 'bigint'));
    await runner.query(counting('tag', 'quote_tag', 'tag_id', 'integer'));
    // What is planned before the next analysis by itself would be planned blindly.
    await runner.query('ANALYZE quote, quote_tag, author_quote_count, tag_quote_count');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER tr_quote_count_insert ON quote;
      DROP TRIGGER tr_quote_count_delete ON quote;
      DROP TRIGGER tr_quote_count_update ON quote;
      DROP TRIGGER tr_quote_count_truncate ON quote;
      DROP TRIGGER tr_quote_tag_count_insert ON quote_tag;
      DROP TRIGGER tr_quote_tag_count_delete ON quote_tag;
      DROP TRIGGER tr_quote_tag_count_update ON quote_tag;
      DROP TRIGGER tr_quote_tag_count_truncate ON quote_tag;
      DROP FUNCTION count_author_quotes(), count_tag_quotes();
      DROP TABLE author_quote_count, tag_quote_count;

      DROP INDEX ix_run_status_created_at, ix_run_source_id_status_created_at;

      DROP INDEX ix_quote_tag_tag_id_created_at;
      CREATE INDEX ix_quote_tag_tag_id ON quote_tag (tag_id, quote_id);
      ALTER TABLE quote_tag DROP created_at;

      DROP TRIGGER tr_quote_search_insert ON quote;
      DROP TRIGGER tr_quote_search_update ON quote;
      DROP INDEX ix_quote_search;
      CREATE INDEX ix_quote_text_search ON quote USING gin (to_tsvector('english', text));
      ALTER TABLE quote DROP search, DROP tags;
    `);
  }
}

/**
 * A table with the number of quotes of each owner, kept by triggers: right whoever writes, in the writer's own
 * transaction. A table of its own, because the rows of the owner are locked at other times: every transaction takes
 * these locks after those on the quotes, in the order of the key, so that no two can wait for each other.
 */
function counting(owner: string, table: string, key: string, type: string): string {
  const count = `${owner}_quote_count`;
  const add = (source: string): string => `
        INSERT INTO ${count} AS c (${key}, quotes)
        SELECT ${key}, sum(change) FROM (${source}) AS changes GROUP BY ${key} HAVING sum(change) <> 0 ORDER BY ${key}
        ON CONFLICT (${key}) DO UPDATE SET quotes = c.quotes + excluded.quotes;`;
  return `
    CREATE TABLE ${count} (
      ${key} ${type} CONSTRAINT pk_${count} PRIMARY KEY,
      quotes bigint NOT NULL,
      CONSTRAINT fk_${count}_${key} FOREIGN KEY (${key}) REFERENCES ${owner} ON DELETE CASCADE
    );
    INSERT INTO ${count} SELECT ${key}, count(*) FROM ${table} GROUP BY ${key};

    CREATE FUNCTION count_${owner}_quotes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN ${add(`SELECT ${key}, 1 AS change FROM added`)}
      ELSIF TG_OP = 'DELETE' THEN ${add(`SELECT ${key}, -1 AS change FROM removed`)}
      ELSIF TG_OP = 'UPDATE' THEN ${add(`VALUES (OLD.${key}, -1), (NEW.${key}, 1)`).replace(
        ') AS changes',
        `) AS changes (${key}, change)`,
      )}
      ELSE
        DELETE FROM ${count};
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER tr_${table}_count_insert AFTER INSERT ON ${table} REFERENCING NEW TABLE AS added
      FOR EACH STATEMENT EXECUTE FUNCTION count_${owner}_quotes();
    CREATE TRIGGER tr_${table}_count_delete AFTER DELETE ON ${table} REFERENCING OLD TABLE AS removed
      FOR EACH STATEMENT EXECUTE FUNCTION count_${owner}_quotes();
    CREATE TRIGGER tr_${table}_count_update AFTER UPDATE OF ${key} ON ${table}
      FOR EACH ROW WHEN (OLD.${key} IS DISTINCT FROM NEW.${key}) EXECUTE FUNCTION count_${owner}_quotes();
    CREATE TRIGGER tr_${table}_count_truncate AFTER TRUNCATE ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION count_${owner}_quotes();
  `;
}
