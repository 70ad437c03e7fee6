import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { PROBLEM_MEDIA_TYPE, problemSchema, titleOf } from './problems/problem.js';

/** Query schema of a route without parameters: an unknown one is a mistake that the caller wants to hear about. */
export const noQuery = z.strictObject({});

const problemJsonSchema = z.toJSONSchema(problemSchema, { target: 'openapi-3.0' }) as object;

/** The answer of OpenAPI with this status of error. */
export function problemResponse(status: number) {
  return {
    description: titleOf(status),
    content: { [PROBLEM_MEDIA_TYPE]: { schema: problemJsonSchema } },
  };
}

/** Documents which errors a route answers with. */
export function ApiProblems(...statuses: number[]): MethodDecorator {
  return applyDecorators(...statuses.map((status) => ApiResponse({ status, ...problemResponse(status) })));
}
