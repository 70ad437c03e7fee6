import { AtCapacityError } from '../../../core/errors/index.js';

/** The process has as many clients that follow events as it may. */
export class TooManyEventStreamsError extends AtCapacityError {
  readonly code = 'events.too_many_streams';
  readonly title = 'Too many streams of events';

  constructor(limit: number) {
    super(
      `This process sends events to ${limit} clients already, as many as OPS_EVENT_STREAMS_AT_ONCE allows. Try again in a while.`,
    );
  }
}
