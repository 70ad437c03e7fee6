import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A source that was declared by a file may lose it, and get it back. */
export class SourceFiles1763712000000 implements MigrationInterface {
  readonly name = 'SourceFiles1763712000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE source ADD file_gone_at timestamptz(3)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE source DROP file_gone_at');
  }
}
