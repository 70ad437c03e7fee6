import { Body, Controller, HttpCode, Post, Query } from '@nestjs/common';
import { ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiProblems } from '../../../core/http/index.js';
import { YAML_MEDIA_TYPE } from '../../../core/yaml/index.js';
import { RequiresRole } from '../../../platform/auth/index.js';
import { ThrottledAs } from '../../../platform/throttling/index.js';
import { type SourceDefinition, sourceDefinitionSchema } from '../../sources/index.js';
import { type PreviewDto, previewQuery, previewSchema } from './preview.dto.js';
import { Previewer } from './previewer.js';

@ApiTags('sources')
@Controller('api/v1/sources/preview')
export class PreviewsController {
  constructor(private readonly previewer: Previewer) {}

  @Post()
  @HttpCode(200)
  @RequiresRole('operator')
  @ThrottledAs('run')
  @ApiOperation({ summary: 'Fetch one page, and see what a declaration would make of it' })
  @ApiConsumes('application/json', YAML_MEDIA_TYPE)
  @ApiOkResponse({ standardSchema: previewSchema })
  @ApiProblems(400, 413, 415, 422, 429, 503)
  async preview(
    @Query({ schema: previewQuery }) { url }: z.output<typeof previewQuery>,
    @Body({ schema: sourceDefinitionSchema }) definition: SourceDefinition,
  ): Promise<PreviewDto> {
    return this.previewer.preview(definition, url ?? definition.startUrls[0]!);
  }
}
