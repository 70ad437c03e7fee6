import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiProblems } from '../../../core/http/index.js';
import { type ErrorGroup, ErrorGroups, MAX_WINDOW_SECONDS } from '../../../platform/alerting/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';

const MAX_GROUPS = 100;

const expected = `expected whole seconds from 60 to ${MAX_WINDOW_SECONDS}`;

const errorsQuery = z.strictObject({
  windowSeconds: z.coerce
    .number(expected)
    .int(expected)
    .min(60, expected)
    .max(MAX_WINDOW_SECONDS, expected)
    .default(MAX_WINDOW_SECONDS)
    .describe('How far to look back; whole minutes'),
});

const groupSchema = z
  .object({
    fingerprint: z
      .string()
      .describe('The same for errors that are the same but for details; `other` for too many kinds'),
    count: z.int(),
    message: z.string().describe('Of the latest, as are all further fields'),
    module: z.string().optional().describe('The code that logged it'),
    error: z.string().optional().describe('Code or else class of the error'),
    task: z.string().optional(),
    taskId: z.string().optional(),
    runId: z.string().optional(),
    source: z.string().optional(),
    requestId: z.string().optional(),
    at: z.iso.datetime(),
    instance: z.string().describe('Host and process'),
  })
  .meta({ id: 'ErrorGroup' });

const errorListSchema = z.object({ items: z.array(groupSchema) });

/** What all processes have logged as an error. */
@ApiTags('operations')
@Controller('api/v1/ops/errors')
export class ErrorsController {
  constructor(private readonly errors: ErrorGroups) {}

  @Get()
  @RequiresRole('viewer')
  @ApiOperation({
    summary: `Errors that were logged within the last hour, by kind, the most frequent first; up to ${MAX_GROUPS}`,
  })
  @ApiOkResponse({ standardSchema: errorListSchema })
  @ApiProblems(400, 429, 503)
  async list(
    @Query({ schema: errorsQuery }) { windowSeconds }: z.output<typeof errorsQuery>,
  ): Promise<{ items: ErrorGroup[] }> {
    const groups = await this.errors.recent(windowSeconds);
    return { items: groups.slice(0, MAX_GROUPS) };
  }
}
