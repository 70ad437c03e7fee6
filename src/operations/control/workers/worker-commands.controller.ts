import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { NotFoundError } from '../../../core/errors/index.js';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import {
  type ReadingCommand,
  type SendOptions,
  type WorkerCommand,
  WorkerControl,
  Workers,
} from '../../../platform/workers/index.js';
import {
  commandBody,
  commandsBody,
  type Commanded,
  commandedSchema,
  inspectedSchema,
  inspectOneQuery,
  inspectQuery,
  reading,
  shutdownBody,
  shutdownsBody,
  workerId,
} from './worker.dto.js';

type Inspected = z.output<typeof inspectedSchema>;

/**
 * What workers are asked and told. What only asks is a GET, which viewers may; shutting down has routes of its own, for
 * it takes an admin.
 */
@ApiTags('operations')
@Controller('api/v1/ops/workers')
export class WorkerCommandsController {
  constructor(
    private readonly control: WorkerControl,
    private readonly workers: Workers,
  ) {}

  @Get('inspect/:what')
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'Ask workers what they are and do' })
  @ApiOkResponse({ standardSchema: inspectedSchema })
  @ApiProblems(400, 429, 503)
  async inspect(
    @Param('what', { schema: reading }) what: ReadingCommand,
    @Query({ schema: inspectQuery }) { worker, timeoutSeconds }: z.output<typeof inspectQuery>,
  ): Promise<Inspected> {
    return this.ask(what, worker, timeoutSeconds);
  }

  @Get(':id/inspect/:what')
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'Ask one worker what it is and does' })
  @ApiOkResponse({ standardSchema: inspectedSchema })
  @ApiProblems(400, 404, 429, 503)
  async inspectOne(
    @Param('id', { schema: workerId }) id: string,
    @Param('what', { schema: reading }) what: ReadingCommand,
    @Query({ schema: inspectOneQuery }) { timeoutSeconds }: z.output<typeof inspectOneQuery>,
  ): Promise<Inspected> {
    await this.expectKnown(id);
    return this.ask(what, [id], timeoutSeconds);
  }

  @Post('commands')
  @HttpCode(200)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Tell workers what to do; it is effective at once' })
  @ApiOkResponse({ standardSchema: commandedSchema })
  @ApiProblems(400, 404, 413, 415, 429, 503)
  async command(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: commandsBody }) body: z.output<typeof commandsBody>,
    @Req() request: FastifyRequest,
  ): Promise<Commanded> {
    return this.tell(body.command, body.workers, body.timeoutSeconds, request);
  }

  @Post('shutdown')
  @HttpCode(200)
  @RequiresRole('admin')
  @ApiOperation({ summary: 'End workers warmly: what they run is finished or handed back' })
  @ApiOkResponse({ standardSchema: commandedSchema })
  @ApiProblems(400, 413, 415, 429, 503)
  async shutdown(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: shutdownsBody }) { workers, timeoutSeconds }: z.output<typeof shutdownsBody>,
    @Req() request: FastifyRequest,
  ): Promise<Commanded> {
    return this.tell({ type: 'shutdown' }, workers, timeoutSeconds, request);
  }

  @Post(':id/commands')
  @HttpCode(200)
  @RequiresRole('operator')
  @ApiOperation({
    summary: 'Tell one worker what to do; a limit of a task holds for all of them whoever is told',
  })
  @ApiOkResponse({ standardSchema: commandedSchema })
  @ApiProblems(400, 404, 413, 415, 429, 503)
  async commandOne(
    @Param('id', { schema: workerId }) id: string,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: commandBody }) { command, timeoutSeconds }: z.output<typeof commandBody>,
    @Req() request: FastifyRequest,
  ): Promise<Commanded> {
    await this.expectKnown(id);
    return this.tell(command, [id], timeoutSeconds, request);
  }

  @Post(':id/shutdown')
  @HttpCode(200)
  @RequiresRole('admin')
  @ApiOperation({ summary: 'End one worker warmly: what it runs is finished or handed back' })
  @ApiOkResponse({ standardSchema: commandedSchema })
  @ApiProblems(400, 404, 413, 415, 429, 503)
  async shutdownOne(
    @Param('id', { schema: workerId }) id: string,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: shutdownBody }) { timeoutSeconds }: z.output<typeof shutdownBody>,
    @Req() request: FastifyRequest,
  ): Promise<Commanded> {
    await this.expectKnown(id);
    return this.tell({ type: 'shutdown' }, [id], timeoutSeconds, request);
  }

  private async ask(
    type: ReadingCommand,
    workers: string[] | undefined,
    seconds: number,
  ): Promise<Inspected> {
    const { replies, silent } = await this.control.tell({ type }, optionsOf(workers, seconds));
    return { replies, silent };
  }

  private async tell(
    command: WorkerCommand,
    workers: string[] | undefined,
    seconds: number,
    request: FastifyRequest,
  ): Promise<Commanded> {
    const said = JSON.stringify(command);
    // Also when it fails: Redis may have gone away after some of them have heard it.
    request.auditDetail = said;
    const outcome = await this.control.tell(command, optionsOf(workers, seconds));
    request.auditDetail = `${said}: ${summaryOf(outcome)}`;
    return outcome;
  }

  private async expectKnown(id: string): Promise<void> {
    if (!(await this.workers.get(id))) throw new NotFoundError('worker', id);
  }
}

const optionsOf = (workers: string[] | undefined, seconds: number): SendOptions => ({
  ...(workers && { destinations: workers }),
  timeoutMs: Math.round(seconds * 1000),
});

function summaryOf({ replies, silent, everywhere }: Commanded): string {
  const who = (ids: string[]): string => (ids.length === 0 ? '0' : `${ids.length} (${ids.join(', ')})`);
  const ids = (did: boolean): string[] =>
    replies.filter(({ ok }) => ok === did).map(({ workerId: id }) => id);
  const parts = [`silent ${who(silent)}`, `refused by ${who(ids(false))}`, `done by ${who(ids(true))}`];
  return [...(everywhere ? ['holds for all workers'] : []), ...parts].join(', ');
}
