import type { LeasedRequest, NewRequest } from '../frontier/frontier.js';
import type { StatCounter } from '../runs/run-stats.js';
import type { PostponeReason } from '../runs/run.entity.js';

/** What a page gave, worth keeping for the time when the site answers that it has not changed. */
export interface PageMemory {
  readonly itemCount: number;
  /** Which URL answered, after redirects; null when nothing is kept. */
  readonly url: string | null;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Version of the spider; null when nothing is kept. */
  readonly version: string | null;
  /** JSON of {@link PageOutputs}; null when it is too much, or the site names no version of the page. */
  readonly outputs: string | null;
}

/** What became of a request that was leased. */
export interface Outcome {
  readonly request: LeasedRequest;
  readonly stats: StatCounter;
  readonly end: Done | Retried | Failed | Returned;
}

/** Its page came. */
export interface Done {
  readonly state: 'done';
  readonly items: readonly unknown[];
  readonly found: readonly NewRequest[];
  /** How many items had a value in which field. */
  readonly fields: StatCounter;
  /** `undefined` when what is known of the page stays as it is. */
  readonly page: PageMemory | undefined;
}

/** It failed in passing: some worker tries again. */
export interface Retried {
  readonly state: 'retried';
  readonly inMs: number;
}

/** It is given up. */
export interface Failed {
  readonly state: 'failed';
  readonly code: string;
  readonly message: string;
}

/** It was not fetched after all, and is put back as it was. */
interface Returned {
  readonly state: 'returned';
  /** Set when its host may not be asked for a while. */
  readonly blocked?: Blocked;
}

/** Until when a host may not be asked, and why. */
export interface Blocked {
  readonly until: Date;
  readonly reason: PostponeReason;
}
