import type { DataSource } from 'typeorm';
import {
  type DatabaseConfig,
  dataSourceOptions,
  GleanerDataSource,
  limitsOf,
} from '../core/database/index.js';
import { Author, AuthorQuoteCount, Quote, QuoteTag, Tag, TagQuoteCount } from '../features/quotes/index.js';
import { RecordChange, ScrapedRecord } from '../features/records/index.js';
import { Page, Run, RunRequest } from '../features/scraping/index.js';
import { Source } from '../features/sources/index.js';
import { Alert, AlertEvaluatorLease, AlertNotification, AlertSilence } from '../platform/alerting/index.js';
import { ApiKey, AuditEntry } from '../platform/auth/index.js';
import { OutboxTask } from '../platform/queues/index.js';
import { DeadLetter, Task, TaskAttempt, TaskLog } from '../platform/history/index.js';
import { Beat, Schedule } from '../platform/scheduling/index.js';
import { migrations } from './migrations/index.js';

/** The database without the application: for migrating, and for comparing the schema with the entities. */
export function createDataSource(config: DatabaseConfig): DataSource {
  return new GleanerDataSource({
    ...dataSourceOptions(config, limitsOf('migrate', config)),
    entities: [
      Source,
      Run,
      RunRequest,
      Page,
      Author,
      Quote,
      Tag,
      QuoteTag,
      AuthorQuoteCount,
      TagQuoteCount,
      ScrapedRecord,
      RecordChange,
      ApiKey,
      AuditEntry,
      Schedule,
      Beat,
      OutboxTask,
      Task,
      TaskAttempt,
      TaskLog,
      DeadLetter,
      Alert,
      AlertSilence,
      AlertNotification,
      AlertEvaluatorLease,
    ],
    migrations,
  });
}
