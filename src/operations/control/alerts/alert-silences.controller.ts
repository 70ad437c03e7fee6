import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { NotFoundError } from '../../../core/errors/index.js';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { Rules, Silences } from '../../../platform/alerting/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import {
  newSilenceBody,
  type SilenceDto,
  silenceId,
  silenceListSchema,
  silenceSchema,
  toSilenceDto,
} from './silence.dto.js';

/** Of what nobody is told for a while. */
@ApiTags('operations')
@Controller('api/v1/ops/alert-silences')
export class AlertSilencesController {
  constructor(
    private readonly rules: Rules,
    private readonly silences: Silences,
  ) {}

  @Get()
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'Silences that last, the one that ends first at first' })
  @ApiOkResponse({ standardSchema: silenceListSchema })
  @ApiProblems(400, 429, 503)
  async list(@Query({ schema: noQuery }) _query: object): Promise<{ items: SilenceDto[] }> {
    return { items: (await this.silences.list()).map(toSilenceDto) };
  }

  @Post()
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Tell nobody of some alerts for a while; they are still seen here' })
  @ApiCreatedResponse({ standardSchema: silenceSchema })
  @ApiProblems(400, 404, 413, 415, 429, 503)
  async create(
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: newSilenceBody }) body: z.output<typeof newSilenceBody>,
    @Req() request: FastifyRequest,
  ): Promise<SilenceDto> {
    const { rule, labels, reason, seconds } = body;
    // A name that is mistyped would silence nothing.
    if (rule !== null && !this.rules.get(rule)) throw new NotFoundError('alert rule', rule);
    const silence = await this.silences.create({
      rule,
      labels,
      reason,
      createdBy: request.principal?.name ?? '',
      endsAt: new Date(Date.now() + seconds * 1000),
    });
    request.auditDetail = `${rule ?? 'all rules'} for ${seconds} s: ${reason}`;
    return toSilenceDto(silence);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'End a silence; people are told of what fires then' })
  @ApiNoContentResponse()
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async end(
    @Param('id', { schema: silenceId }) id: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<void> {
    await this.silences.end(id);
  }
}
