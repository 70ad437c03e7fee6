import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, Req } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { NotFoundError } from '../../../core/errors/index.js';
import { ApiProblems, noQuery } from '../../../core/http/index.js';
import { LogLevels } from '../../../core/logging/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { LogLevelSettings } from '../../../platform/log-levels/index.js';
import {
  logLevelBody,
  type LogLevelDto,
  logLevelListSchema,
  logLevelSchema,
  moduleName,
  toLogLevelDto,
} from './log-level.dto.js';

/** What is logged, at run time: of all processes, within about a second. */
@ApiTags('operations')
@Controller('api/v1/ops/log-levels')
export class LogLevelsController {
  constructor(
    private readonly settings: LogLevelSettings,
    private readonly levels: LogLevels,
  ) {}

  @Get()
  @RequiresRole('viewer')
  @ApiOperation({ summary: 'Levels of the log that are set at run time' })
  @ApiOkResponse({ standardSchema: logLevelListSchema })
  @ApiProblems(400, 429, 503)
  async list(@Query({ schema: noQuery }) _query: object): Promise<z.output<typeof logLevelListSchema>> {
    return { default: this.levels.default, items: (await this.settings.all()).map(toLogLevelDto) };
  }

  @Put(':module')
  @RequiresRole('admin')
  @ApiOperation({ summary: 'Log a module at another level, for an hour if nothing else is said' })
  @ApiOkResponse({ standardSchema: logLevelSchema })
  @ApiProblems(400, 413, 415, 429, 503)
  async set(
    @Param('module', { schema: moduleName }) module: string,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: logLevelBody }) body: z.output<typeof logLevelBody>,
    @Req() request: FastifyRequest,
  ): Promise<LogLevelDto> {
    const set = toLogLevelDto(await this.settings.set(module, body.level, body.expiresInSeconds));
    request.auditDetail = `${module}: ${set.level} until ${set.expiresAt ?? 'it is taken back'}`;
    return set;
  }

  @Delete(':module')
  @HttpCode(204)
  @RequiresRole('admin')
  @ApiOperation({ summary: 'Take the level of a module back: LOG_LEVEL holds again' })
  @ApiNoContentResponse()
  @ApiProblems(400, 404, 413, 415, 429, 503)
  async remove(
    @Param('module', { schema: moduleName }) module: string,
    @Query({ schema: noQuery }) _query: object,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    if (!(await this.settings.remove(module)))
      throw new NotFoundError('level that is set for the module', module);
    request.auditDetail = `${module}: taken back`;
  }
}
