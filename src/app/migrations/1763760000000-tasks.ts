import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The history of tasks, what failed for good, and tasks that are to be put on a queue once their transaction commits. */
export class Tasks1763760000000 implements MigrationInterface {
  readonly name = 'Tasks1763760000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE task (
        -- Ids are only compared as bytes, which is cheaper than by the rules of a language.
        id text COLLATE "C" CONSTRAINT pk_task PRIMARY KEY,
        name text NOT NULL,
        queue text NOT NULL,
        state text NOT NULL CONSTRAINT ck_task_state CHECK (state IN
          ('pending', 'received', 'scheduled', 'active', 'retry', 'succeeded', 'failed', 'revoked', 'expired')),
        -- Which of two processes knows more: 10 times how often it was begun, and how far it got then.
        seq integer NOT NULL,
        version smallint NOT NULL,
        -- As people see it: without secrets, and cut.
        args jsonb NOT NULL,
        -- As it is repeated; null when it is the same. Not jsonb, which refuses U+0000 and half a pair of surrogates.
        payload json,
        result jsonb,
        progress jsonb,
        attempt smallint NOT NULL DEFAULT 0,
        max_attempts smallint NOT NULL,
        starts integer NOT NULL DEFAULT 0,
        critical boolean NOT NULL DEFAULT false,
        worker text,
        error_class text,
        error_code text,
        error_message text,
        fingerprint text,
        correlation_id text,
        request_id text,
        parent_id text,
        root_id text,
        retry_of text,
        enqueued_at timestamptz(3) NOT NULL,
        eta timestamptz(3),
        expires_at timestamptz(3),
        started_at timestamptz(3),
        finished_at timestamptz(3),
        runtime_ms integer,
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      ) WITH (fillfactor = 80);
      CREATE INDEX ix_task_enqueued_at ON task (enqueued_at, id);
      CREATE INDEX ix_task_state ON task (state, enqueued_at, id);
      CREATE INDEX ix_task_name ON task (name, enqueued_at, id);
      CREATE INDEX ix_task_worker ON task (worker, enqueued_at, id) WHERE worker IS NOT NULL;
      CREATE INDEX ix_task_args ON task USING gin (args jsonb_path_ops);
      CREATE INDEX ix_task_finished_at ON task (finished_at, id) WHERE finished_at IS NOT NULL;
      CREATE INDEX ix_task_error ON task (enqueued_at, id) WHERE error_class IS NOT NULL;
      CREATE INDEX ix_task_slow ON task (enqueued_at, id) WHERE runtime_ms >= 1000;
      CREATE INDEX ix_task_root_id ON task (root_id) WHERE root_id IS NOT NULL;
      CREATE INDEX ix_task_parent_id ON task (parent_id) WHERE parent_id IS NOT NULL;
      CREATE INDEX ix_task_correlation_id ON task (correlation_id) WHERE correlation_id IS NOT NULL;
      CREATE INDEX ix_task_retry_of ON task (retry_of) WHERE retry_of IS NOT NULL;

      -- No foreign key: it would cost a third of the tasks that can be written in a second. Attempts are written in the
      -- transaction that writes their task, and deleted in the statement that deletes it.
      CREATE TABLE task_attempt (
        task_id text COLLATE "C" NOT NULL,
        start integer NOT NULL,
        attempt smallint NOT NULL,
        worker text NOT NULL,
        outcome text CONSTRAINT ck_task_attempt_outcome CHECK (outcome IN
          ('succeeded', 'retry', 'failed', 'revoked', 'returned', 'lost')),
        started_at timestamptz(3) NOT NULL,
        finished_at timestamptz(3),
        runtime_ms integer,
        retry_at timestamptz(3),
        error_class text,
        error_code text,
        error_message text,
        trace text,
        CONSTRAINT pk_task_attempt PRIMARY KEY (task_id, start)
      );

      CREATE TABLE task_log (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_task_log PRIMARY KEY,
        task_id text COLLATE "C" NOT NULL CONSTRAINT fk_task_log_task_id REFERENCES task ON DELETE CASCADE,
        start integer NOT NULL,
        at timestamptz(3) NOT NULL,
        message text NOT NULL,
        fields jsonb
      );
      CREATE INDEX ix_task_log_task_id ON task_log (task_id, id);

      CREATE TABLE dead_letter (
        task_id text COLLATE "C" CONSTRAINT pk_dead_letter PRIMARY KEY,
        name text NOT NULL,
        queue text NOT NULL,
        -- As it was on the queue, so that it can be put there again.
        envelope json NOT NULL,
        -- As people see it, as in task.
        args jsonb NOT NULL,
        attempts smallint NOT NULL,
        options json NOT NULL,
        error_class text NOT NULL,
        error_code text,
        error_message text NOT NULL,
        trace text,
        -- Equal for errors that differ only in ids, numbers and quoted text.
        fingerprint text NOT NULL,
        failed_at timestamptz(3) NOT NULL,
        replayed_at timestamptz(3),
        replay_id text
      );
      CREATE INDEX ix_dead_letter_failed_at ON dead_letter (failed_at, task_id);
      CREATE INDEX ix_dead_letter_fingerprint ON dead_letter (fingerprint, failed_at, task_id);
      CREATE INDEX ix_dead_letter_name ON dead_letter (name, failed_at, task_id);

      CREATE TABLE task_outbox (
        id text CONSTRAINT pk_task_outbox PRIMARY KEY,
        name text NOT NULL,
        queue text NOT NULL,
        envelope json NOT NULL,
        options json NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      );
      CREATE INDEX ix_task_outbox_created_at ON task_outbox (created_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE task_outbox, dead_letter, task_log, task_attempt, task');
  }
}
