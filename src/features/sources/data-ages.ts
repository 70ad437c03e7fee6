import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';

/** How late a run's end may show: an age in seconds need not be more exact. */
const LOOK_EVERY_MS = 2000;
/** Sources whose age is known; of more than that, those that were scraped last. */
const MAX_SOURCES = 10_000;

/**
 * How old the data of each source is, at hand without asking anybody: reads go on while a site is down, or the database
 * is, and say with every answer how much they are behind.
 */
@Injectable()
export class DataAges implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(DataAges.name);
  private asOf = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private isStopping = false;

  constructor(private readonly dataSource: DataSource) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  /** Sets `X-Data-Age`: whole seconds since the last good run of the source ended; nothing before the first. */
  show(reply: FastifyReply, source: string): void {
    const asOf = this.asOf.get(source);
    if (asOf !== undefined) reply.header('X-Data-Age', Math.max(0, Math.floor((Date.now() - asOf) / 1000)));
  }

  private look(): Promise<void> {
    this.looking = this.read().finally(() => {
      if (!this.isStopping) this.timer = setTimeout(() => void this.look(), LOOK_EVERY_MS);
    });
    return this.looking;
  }

  private async read(): Promise<void> {
    try {
      const rows: { slug: string; dataAsOf: Date }[] = await this.dataSource.query(
        `SELECT slug, data_as_of AS "dataAsOf" FROM source WHERE data_as_of IS NOT NULL
         ORDER BY data_as_of DESC LIMIT ${MAX_SOURCES}`,
      );
      this.asOf = new Map(rows.map(({ slug, dataAsOf }) => [slug, dataAsOf.getTime()]));
    } catch (error) {
      // What is known goes on ageing, which is true while nobody can say otherwise.
      this.logger.debug({ err: error }, 'ages of data could not be read; trying again');
    }
  }
}
