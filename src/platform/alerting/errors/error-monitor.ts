import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { fingerprintOf, messageOf } from '../../../core/errors/index.js';
import { type LoggedError, LoggedErrors } from '../../../core/logging/index.js';
import { Loop } from '../../../core/loop/index.js';
import { processId } from '../../../core/process/index.js';
import { AlertingMetrics } from '../alerting.metrics.js';
import { type ErrorCount, ErrorGroups, type ErrorSample, MAX_KINDS, OTHER } from './error-groups.js';

const EVERY_MS = 5000;
const MAX_MESSAGE = 300;

/**
 * Counts the errors that this process logs, and tells the others of which kinds they are: every five seconds, and at the
 * end. What Redis does not take is told later, together with what has come meanwhile.
 */
@Injectable()
export class ErrorMonitor implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ErrorMonitor.name);
  private readonly loop = new Loop(EVERY_MS, async () => this.runOnce());
  private readonly unsubscribe: () => void;
  private kinds = new Map<string, ErrorCount>();
  private isFailing = false;

  constructor(
    logged: LoggedErrors,
    private readonly groups: ErrorGroups,
    private readonly metrics: AlertingMetrics,
  ) {
    // Not later: what fails while the application boots counts as well.
    this.unsubscribe = logged.subscribe((error) => this.note(error));
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.unsubscribe();
    await this.loop.stop();
    await this.runOnce();
  }

  async runOnce(): Promise<void> {
    const kinds = this.kinds;
    this.kinds = new Map();
    try {
      await this.groups.add(kinds);
      this.isFailing = false;
    } catch (error) {
      for (const [kind, { count, sample }] of kinds) this.add(kind, count, sample);
      if (!this.isFailing) this.logger.warn(`others do not learn of errors: ${messageOf(error)}`);
      this.isFailing = true;
    }
  }

  private note({ message, module, err, fields, at }: LoggedError): void {
    this.metrics.loggedErrors.inc();
    const text = err && err.message !== message ? `${message}: ${err.message}` : message;
    this.add(fingerprintOf(err?.type ?? module ?? '', text), 1, {
      message: text.slice(0, MAX_MESSAGE),
      ...(module !== undefined && { module }),
      ...(err && { error: err.code ?? err.type }),
      ...fields,
      at: at.toISOString(),
      instance: processId,
    });
  }

  private add(kind: string, count: number, sample: ErrorSample): void {
    const known = this.kinds.get(kind);
    if (known) {
      const latest = known.sample.at < sample.at ? sample : known.sample;
      this.kinds.set(kind, { count: known.count + count, sample: latest });
    } else if (this.kinds.size < MAX_KINDS || kind === OTHER) this.kinds.set(kind, { count, sample });
    else this.add(OTHER, count, sample);
  }
}
