import type { Redis } from 'ioredis';
import type { DataSource } from 'typeorm';
import type { AlertList, ErrorGroups, Rules, Silences, TestFire } from '../../platform/alerting/index.js';
import type { ApiKeys, CommandAudit } from '../../platform/auth/index.js';
import type { RunReader, RunStarter } from '../../features/scraping/index.js';
import type { SourceService } from '../../features/sources/index.js';
import type {
  DeadLetterReplayer,
  DeadLetters,
  parseQuery,
  TaskActions,
  TaskColumn,
  TaskFinder,
  TaskHistory,
} from '../../platform/history/index.js';
import type { Slowest } from '../../platform/performance/index.js';
import type { QueueControl, Revocations, taskRate } from '../../platform/queues/index.js';
import type { BeatReader, Schedules, toScheduleDto } from '../../platform/scheduling/index.js';
import type { WorkerControl, Workers } from '../../platform/workers/index.js';

/**
 * What commands use of the application, by what has to be there for it. Types alone: loading the rest takes a second,
 * and neither help nor completion wants any of it.
 */
export interface Applications {
  /** Needs nothing but a database that has been migrated. */
  keys: { readonly apiKeys: ApiKeys };
  migrations: {
    /** @returns the names of those that were applied. */
    readonly apply: () => Promise<string[]>;
  };
  operations: {
    readonly audit: CommandAudit;
    readonly workers: Workers;
    readonly workerControl: WorkerControl;
    readonly revocations: Revocations;
    readonly queueControl: QueueControl;
    readonly deadLetters: DeadLetters;
    readonly deadLetterReplayer: DeadLetterReplayer;
    readonly taskFinder: TaskFinder;
    readonly taskHistory: TaskHistory;
    readonly parseQuery: typeof parseQuery;
    readonly allColumns: readonly TaskColumn[];
    readonly usualColumns: readonly TaskColumn[];
    readonly schedules: Schedules;
    readonly beats: BeatReader;
    readonly toScheduleDto: typeof toScheduleDto;
    readonly taskRate: typeof taskRate;
    readonly slowest: Slowest;
  };
  alerting: {
    readonly audit: CommandAudit;
    readonly alerts: AlertList;
    readonly rules: Rules;
    readonly silences: Silences;
    readonly testFire: TestFire;
    readonly errors: ErrorGroups;
    /** The rules for Prometheus, as YAML. */
    readonly prometheusRules: () => string;
  };
  /** Knows what is scraped, and with it every task that there is. */
  features: {
    readonly audit: CommandAudit;
    readonly sources: SourceService;
    readonly runStarter: RunStarter;
    readonly runs: RunReader;
    readonly taskActions: TaskActions;
    readonly workerControl: WorkerControl;
  };
  /** Needs nothing at all: it is for finding out what is missing. */
  diagnosis: {
    /** Of the configuration. */
    readonly faults: readonly string[];
    readonly database: () => Promise<DataSource>;
    readonly redis: () => Promise<Redis>;
  };
}

/** Boots a part of the application, without a server, when it is first asked for. */
export type Open = <Part extends keyof Applications>(part: Part) => Promise<Applications[Part]>;
