import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { sendExport, stillAtWork } from '../../../core/exporting/index.js';
import { ApiProblems } from '../../../core/http/index.js';
import { negotiateEncoding } from '../../../platform/caching/index.js';
import { ThrottledAs } from '../../../platform/throttling/index.js';
import { DataAges, sourceSlug } from '../../sources/index.js';
import { recordFilter } from '../reading/record.dto.js';
import { EXPORT_FORMATS, type ExportFormatName } from './export-formats.js';
import { RecordExporter } from './record-exporter.js';

const id = 'expected the id of a record';

const exportQuery = z.strictObject({
  ...recordFilter,
  format: z.enum(EXPORT_FORMATS, `expected one of ${EXPORT_FORMATS.join(', ')}`).default('ndjson'),
  after: z.coerce
    .number(id)
    .int(id)
    .min(0, id)
    .max(Number.MAX_SAFE_INTEGER, id)
    .optional()
    .describe(
      'To resume: id of the last record that came whole (with `since`: since=<its lastChanged>&after=<its id>)',
    ),
});

const text = { schema: { type: 'string' as const } };

@ApiTags('records')
@Controller('api/v1/sources/:slug/records')
export class RecordExportsController {
  constructor(
    private readonly exporter: RecordExporter,
    private readonly ages: DataAges,
  ) {}

  @Get('export')
  @ThrottledAs('search')
  @ApiOperation({
    summary: 'All records of a source, oldest first, as one stream; it breaks off when it is not whole',
  })
  @ApiOkResponse({
    description:
      'A record a line, as the list has them; JSON is one array; CSV has a column a declared field',
    content: {
      'application/x-ndjson': text,
      'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Record' } } },
      'text/csv': text,
    },
  })
  @ApiProblems(400, 404, 429, 503)
  async export(
    @Param('slug', { schema: sourceSlug }) slug: string,
    @Query({ schema: exportQuery }) query: z.output<typeof exportQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { stream, mediaType } = await this.exporter.begin(slug, query, () => stillAtWork(reply));
    this.ages.show(reply, slug);
    const encoding = negotiateEncoding(reply.request.headers['accept-encoding']);
    sendExport(reply, { stream, mediaType, encoding, fileName: fileName(slug, query.format) });
  }
}

function fileName(slug: string, format: ExportFormatName): string {
  return `${slug.replaceAll(/[^\w.-]/g, '_')}-records.${format}`;
}
