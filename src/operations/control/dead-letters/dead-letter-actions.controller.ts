import { Body, Controller, Delete, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { NotFoundError } from '../../../core/errors/index.js';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { DeadLetterReplayer, DeadLetters } from '../../../platform/history/index.js';
import { noBody } from '../actions/action.dto.js';
import { ApiBulkAnswers, type BulkAnswer, BulkAnswers } from '../bulk/bulk-answers.js';
import {
  letterId,
  printFilter,
  purgeBody,
  purgeSchema,
  replayBody,
  replayedSchema,
  toChoice,
} from './dead-letter.dto.js';
import { DeadLetterPurge } from './dead-letter-purge.js';
import { DeadLetterReplays } from './dead-letter-replays.js';

type Purged = z.output<typeof purgeSchema>;

/** What is done to dead letters. */
@ApiTags('operations')
@Controller('api/v1/ops/dead-letters')
export class DeadLetterActionsController {
  constructor(
    private readonly letters: DeadLetters,
    private readonly replayer: DeadLetterReplayer,
    private readonly replays: DeadLetterReplays,
    private readonly bulk: BulkAnswers,
    private readonly purges: DeadLetterPurge,
  ) {}

  @Post('replay')
  @HttpCode(202)
  @RequiresRole('operator')
  @ApiOperation({
    summary: 'Put dead letters on their queues again that have not been yet, the oldest first, each once',
  })
  @ApiBulkAnswers()
  replay(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: replayBody }) { dryRun, ratePerSecond, ...choice }: z.output<typeof replayBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BulkAnswer> {
    return this.bulk.answer(this.replays.workOf(toChoice(choice), ratePerSecond), dryRun, request, reply);
  }

  @Post('purge')
  @HttpCode(200)
  @RequiresRole('admin')
  @ApiOperation({
    summary: 'Forget dead letters for good: without a token only tells how many; with it, does it',
  })
  @ApiOkResponse({ standardSchema: purgeSchema })
  @ApiProblems(400, 409, 413, 415, 429, 503)
  async purge(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: purgeBody }) { token: confirmed, ...choice }: z.output<typeof purgeBody>,
    @Req() request: FastifyRequest,
  ): Promise<Purged> {
    const filter = toChoice(choice);
    const said = filter.ids ? `${filter.ids.length} ids` : printFilter(filter);
    const keyId = request.principal?.keyId ?? '';
    if (confirmed === undefined) {
      const { token, count } = await this.purges.offer(filter, keyId);
      request.auditDetail = `asked for, ${count} dead letters (${said})`;
      return { purged: 0, remaining: count, token };
    }
    const { purged, remaining } = await this.purges.confirm(filter, keyId, confirmed);
    request.auditDetail = `${purged} dead letters purged, ${remaining} remain (${said})`;
    return { purged, remaining, token: null };
  }

  @Post(':id/replay')
  @HttpCode(202)
  @RequiresRole('operator')
  @ApiOperation({
    summary: 'Put a dead letter on its queue again, unless it has been: then tells as which task',
  })
  @ApiAcceptedResponse({
    standardSchema: replayedSchema,
    description: 'Location has the URL of the new task',
  })
  @ApiProblems(400, 404, 413, 415, 429, 503)
  async replayOne(
    @Param('id', { schema: letterId }) id: string,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: noBody }) _body: object,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof replayedSchema>> {
    const replayed = await this.replayer.replayOne(id);
    request.auditDetail = replayed.created
      ? `1 task enqueued: ${replayed.id}`
      : `0 tasks enqueued: ${replayed.id} repeats it already`;
    reply.header('Location', `/api/v1/ops/tasks/${replayed.id}`);
    return { ...replayed, replayOf: id };
  }

  @Delete(':id')
  @HttpCode(204)
  @RequiresRole('admin')
  @ApiOperation({ summary: 'Forget a dead letter for good' })
  @ApiNoContentResponse()
  @ApiProblems(400, 404, 413, 415, 429, 503)
  async remove(
    @Param('id', { schema: letterId }) id: string,
    @Query({ schema: noQuery }) _query: object,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    const purged = await this.letters.purge({ ids: [id] });
    if (purged === 0) throw new NotFoundError('dead letter', id);
    request.auditDetail = '1 dead letter purged';
  }
}
