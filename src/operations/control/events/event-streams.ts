import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { once } from 'node:events';
import { finished, PassThrough, type Readable } from 'node:stream';
import { messageOf } from '../../../core/errors/index.js';
import {
  type Change,
  ChangeFeed,
  ChangeLog,
  type Place,
  printPlace,
} from '../../../platform/changes/index.js';
import { type ControlConfig, controlConfig } from '../control.config.js';
import { wants } from './event-filter.js';
import type { EventsQuery } from './events.dto.js';
import { TooManyEventStreamsError } from './events.errors.js';

/** Proxies take a connection for dead that says nothing for a minute, some for half of one. */
const SIGN_OF_LIFE_MS = 15_000;
/** Then the client comes again with its key, which may have been revoked. */
const MAX_AGE_MS = 10 * 60_000;
const RECONNECT_MS = 2000;
/** For a client to take what it was sent before the end. */
const LEAVE_MS = 2000;

/**
 * Changes as server-sent events (HTML Living Standard, 9.2).
 *
 * `ready` comes first; `task` and `worker` say what is true now; `gap` says that changes were missed, and that what the
 * client shows has to be read anew. The id of an event is its place in the log. An id alone moves the client on past
 * what it does not want, so that it need not come back to that.
 *
 * A client that reads slowly is waited for, and what it misses it is given later: nothing piles up here.
 */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  private readonly logger = new Logger(EventStreams.name);
  private readonly open = new Set<AbortController>();

  constructor(
    private readonly log: ChangeLog,
    private readonly feed: ChangeFeed,
    @Inject(controlConfig.token) private readonly config: ControlConfig,
  ) {}

  /**
   * The caller must read the stream, or destroy it.
   * @param after what the client has already; without it only what comes.
   * @throws TooManyEventStreamsError; ChangesUnavailableError.
   */
  async begin(query: EventsQuery, after: Place | undefined): Promise<Readable> {
    const { eventStreamsAtOnce } = this.config;
    if (this.open.size >= eventStreamsAtOnce) throw new TooManyEventStreamsError(eventStreamsAtOnce);
    const stop = new AbortController();
    this.open.add(stop);
    try {
      const place = after ?? (await this.log.end());
      const stream = new PassThrough();
      const oldAge = setTimeout(() => stop.abort(), MAX_AGE_MS);
      finished(stream, () => {
        clearTimeout(oldAge);
        stop.abort();
        this.open.delete(stop);
      });
      void this.pump(stream, query, place, stop.signal);
      return stream;
    } catch (error) {
      this.open.delete(stop);
      throw error;
    }
  }

  /** Else the server would wait for them before it ends. */
  beforeApplicationShutdown(): void {
    for (const stop of this.open) stop.abort();
  }

  private async pump(
    stream: PassThrough,
    query: EventsQuery,
    from: Place,
    signal: AbortSignal,
  ): Promise<void> {
    let place = from;
    stream.write(`retry: ${RECONNECT_MS}\n${eventText('ready', place, {})}`);
    const life = setInterval(() => {
      if (!stream.writableNeedDrain) stream.write(`:\nid: ${printPlace(place)}\n\n`);
    }, SIGN_OF_LIFE_MS);
    try {
      for await (const { entries, gap } of this.feed.follow(place, signal)) {
        let text = gap ? eventText('gap', place, {}) : '';
        for (const { end, changes } of entries) {
          text += textOf(changes, end, query);
          place = end;
        }
        if (text !== '' && !stream.write(text)) await once(stream, 'drain', { signal });
      }
    } catch (error) {
      // The client comes again, and goes on where it was.
      if (!signal.aborted) this.logger.warn(`a stream of events broke off: ${messageOf(error)}`);
    } finally {
      clearInterval(life);
      stream.end();
      // One that does not read would keep its place for ever, and the process from ending.
      const patience = setTimeout(() => stream.destroy(), LEAVE_MS);
      finished(stream, () => clearTimeout(patience));
    }
  }
}

function textOf(changes: readonly Change[], end: Place, query: EventsQuery): string {
  const first = end.taken - changes.length + 1;
  return changes
    .map((change, n) =>
      wants(query, change) ? eventText(change.kind, { ...end, taken: first + n }, change) : '',
    )
    .join('');
}

/** JSON has no line breaks, so it is one line of data. */
function eventText(event: string, place: Place, data: object): string {
  return `event: ${event}\nid: ${printPlace(place)}\ndata: ${JSON.stringify(data)}\n\n`;
}
