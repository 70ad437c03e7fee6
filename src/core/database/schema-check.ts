import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { GleanerError } from '../errors/index.js';

class PendingMigrationsError extends GleanerError {
  readonly code = 'database.pending_migrations';
  readonly title = 'Pending migrations';

  constructor() {
    super('The database is older than this release. Apply the migrations first: npm run migrate');
  }
}

/** Refuses to boot on a schema that is behind the code: it would fail later, at the first query that needs the rest. */
@Injectable()
export class SchemaCheck implements OnModuleInit {
  constructor(private readonly dataSource: DataSource) {}

  async onModuleInit(): Promise<void> {
    if (await this.dataSource.showMigrations()) throw new PendingMigrationsError();
  }
}
