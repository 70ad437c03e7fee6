import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { InvalidInputError } from '../../../core/errors/index.js';
import { ApiProblems } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { parsePlace, type Place } from '../../../platform/changes/index.js';
import { EventStreams } from './event-streams.js';
import { type EventsQuery, eventsQuery } from './events.dto.js';

/** What changes, as it happens. */
@ApiTags('operations')
@Controller('api/v1/ops/events')
export class EventsController {
  constructor(private readonly streams: EventStreams) {}

  @Get()
  @RequiresRole('viewer')
  @ApiOperation({
    summary:
      'Changes of tasks and workers as server-sent events: ready, task, worker, and gap where some are missing',
    description:
      'The stream ends after ten minutes at the latest; a client comes again with the id of the last event in Last-Event-ID, as EventSource does, and goes on there.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The last that the client has; it goes on after it',
  })
  @ApiOkResponse({
    description: 'Events, until the client leaves',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiProblems(400, 429, 503)
  async follow(
    @Query({ schema: eventsQuery }) query: EventsQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const stream = await this.streams.begin(query, placeOf(lastEventId));
    reply.header('content-type', 'text/event-stream');
    reply.header('cache-control', 'no-store');
    // Else nginx would collect events before it sends them.
    reply.header('x-accel-buffering', 'no');
    if (reply.request.method === 'HEAD') stream.destroy();
    void reply.send(stream);
  }
}

function placeOf(lastEventId: string | undefined): Place | undefined {
  if (lastEventId === undefined || lastEventId === '') return undefined;
  const place = parsePlace(lastEventId);
  if (place) return place;
  const message = `expected the id of an event of this stream, got ${JSON.stringify(lastEventId.slice(0, 100))}`;
  throw new InvalidInputError([{ field: 'Last-Event-ID', message }]);
}
