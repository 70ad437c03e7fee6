import { Body, Controller, Delete, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiConsumes, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems, noQuery } from '../../core/http/index.js';
import { YAML_MEDIA_TYPE } from '../../core/yaml/index.js';
import { RequiresRole } from '../../platform/auth/index.js';
import {
  type DeclaredSchedule,
  type ScheduleDto,
  scheduleSchema,
  scheduleStateSchema,
  toScheduleDto,
} from '../../platform/scheduling/index.js';
import { DeclaredSources } from './declared-sources.js';
import { sourceSlug } from './source.dto.js';

@ApiTags('sources')
@Controller('api/v1/sources/:slug/schedule')
export class SourceScheduleController {
  constructor(private readonly sources: DeclaredSources) {}

  @Put()
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Say when a source is scraped by itself' })
  @ApiConsumes('application/json', YAML_MEDIA_TYPE)
  @ApiOkResponse({ standardSchema: scheduleStateSchema, description: 'With the time of the next run' })
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async put(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Query({ schema: noQuery }) _query: object,
    @Body({ schema: scheduleSchema }) schedule: DeclaredSchedule,
  ): Promise<ScheduleDto> {
    return toScheduleDto(await this.sources.setSchedule(slug, schedule));
  }

  @Delete()
  @HttpCode(204)
  @RequiresRole('operator')
  @ApiOperation({ summary: 'Scrape a source only when somebody asks for it' })
  @ApiNoContentResponse()
  @ApiProblems(400, 404, 409, 413, 415, 429, 503)
  async remove(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Query({ schema: noQuery }) _query: object,
  ): Promise<void> {
    await this.sources.setSchedule(slug, null);
  }
}
