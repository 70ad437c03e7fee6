import { Injectable, Logger } from '@nestjs/common';
import { EventBus } from '../../../core/events/index.js';
import { SourceService } from '../../sources/index.js';
import type { Ending } from './run-ending.js';

/** A run has ended, and its row says so. */
export class RunEnded {
  constructor(
    readonly runId: string,
    readonly source: string,
    readonly ending: Ending,
  ) {}
}

/** What follows from the end of a run, after the transaction that ended it. */
@Injectable()
export class RunEvents {
  private readonly logger = new Logger(RunEvents.name);

  constructor(
    private readonly bus: EventBus,
    private readonly sources: SourceService,
  ) {}

  async ended(runId: string, sourceId: number, ending: Ending): Promise<void> {
    const source = await this.sources.byId(sourceId);
    const { status, finishReason, suspicions, error } = ending;
    const line = { runId, source: source.slug, status, finishReason, suspicions, error };
    if (status === 'failed') this.logger.warn(line, 'run failed');
    else this.logger.log(line, `run ${status}`);
    this.bus.publish(new RunEnded(runId, source.slug, ending));
    // The source shows how old its data is.
    await this.sources.changed();
  }
}
