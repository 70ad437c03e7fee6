import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { ApiProblems } from '../../../core/http/index.js';

const header = (description: string) => ({ description, schema: { type: 'string' as const } });

const HEADERS = {
  ETag: header('Strong tag of exactly these bytes; send it back in If-None-Match'),
  'Cache-Control': header('How long the answer may be reused without asking'),
  Vary: header('Accept-Encoding: large answers are compressed by br or gzip'),
};

/** Documents a read that is answered from the cache: 200, 304, and 503 when nothing is known and the database is away. */
export function ApiCachedRead(answer: z.ZodType, ...problems: number[]): MethodDecorator {
  return applyDecorators(
    ApiHeader({ name: 'If-None-Match', required: false, description: 'Entity tags of what the client has' }),
    ApiOkResponse({ standardSchema: answer, headers: HEADERS }),
    ApiResponse({ status: 304, description: 'The client has it: not sent again', headers: HEADERS }),
    ApiProblems(400, ...problems, 429, 503),
  );
}
