import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Alerts, who is not to be told of them, and what is to be delivered to whom. */
export class Alerts1763770000000 implements MigrationInterface {
  readonly name = 'Alerts1763770000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE alert (
        id uuid CONSTRAINT pk_alert PRIMARY KEY,
        rule text NOT NULL,
        labels jsonb NOT NULL,
        severity text NOT NULL CONSTRAINT ck_alert_severity CHECK (severity IN ('info', 'warning', 'critical')),
        state text NOT NULL CONSTRAINT ck_alert_state CHECK (state IN ('pending', 'firing', 'resolved')),
        value double precision NOT NULL,
        threshold double precision NOT NULL,
        summary text NOT NULL,
        pending_since timestamptz(3) NOT NULL,
        firing_since timestamptz(3),
        resolved_at timestamptz(3),
        told_at timestamptz(3)
      );
      CREATE UNIQUE INDEX uq_alert_open ON alert (rule, labels) WHERE state <> 'resolved';
      CREATE INDEX ix_alert_pending_since ON alert (pending_since, id);
      CREATE INDEX ix_alert_told ON alert (rule, labels, told_at) WHERE told_at IS NOT NULL;

      CREATE TABLE alert_silence (
        id uuid CONSTRAINT pk_alert_silence PRIMARY KEY,
        rule text,
        labels jsonb NOT NULL CONSTRAINT ck_alert_silence_labels CHECK (octet_length(labels::text) <= 4096),
        reason text NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        ends_at timestamptz(3) NOT NULL
      );
      CREATE INDEX ix_alert_silence_ends_at ON alert_silence (ends_at);

      CREATE TABLE alert_notification (
        seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_alert_notification PRIMARY KEY,
        channel text NOT NULL,
        group_key text NOT NULL,
        message jsonb NOT NULL,
        state text NOT NULL DEFAULT 'pending'
          CONSTRAINT ck_alert_notification_state CHECK (state IN ('pending', 'sent', 'failed')),
        attempts smallint NOT NULL DEFAULT 0,
        next_attempt_at timestamptz(3) NOT NULL DEFAULT now(),
        last_error text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        sent_at timestamptz(3)
      );
      CREATE INDEX ix_alert_notification_due ON alert_notification (channel, seq) WHERE state = 'pending';
      CREATE INDEX ix_alert_notification_created_at ON alert_notification (created_at);

      CREATE TABLE alert_evaluator (
        id smallint CONSTRAINT pk_alert_evaluator PRIMARY KEY CONSTRAINT ck_alert_evaluator_id CHECK (id = 1),
        holder text NOT NULL,
        leased_until timestamptz(3) NOT NULL,
        evaluated_at timestamptz(3)
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE alert_evaluator, alert_notification, alert_silence, alert');
  }
}
