import {
  BadRequestException,
  InternalServerErrorException,
  NotFoundException,
  HttpException,
} from '@nestjs/common';
import fc from 'fast-check';
import { errorCodes } from 'fastify';
import { describe, expect, it } from 'vitest';
import { GleanerError, InvalidInputError } from '../../errors/index.js';
import { problemSchema, toProblem } from './problem.js';

class OutOfStock extends GleanerError {
  readonly code = 'spec.out_of_stock';
  readonly title = 'Out of stock';
  override readonly httpStatus = 409;
  override readonly extensions = { left: 0 };
}

describe('a problem document', () => {
  it('says of an unknown error nothing that was inside it', () => {
    const secret = fc.string({ minLength: 1 }).map((text) => `~${text}~hush~`);
    fc.assert(
      fc.property(secret, secret, (message, inner) => {
        const error = Object.assign(new Error(message, { cause: new Error(inner) }), {
          detail: inner,
          code: inner,
        });
        const document = JSON.stringify(toProblem(error, 'request-1'));
        for (const hidden of [message, inner])
          expect(document).not.toContain(JSON.stringify(hidden).slice(1, -1));
      }),
    );
  });

  it('says of an unknown error where the log has more', () => {
    expect(toProblem(new Error('password authentication failed'), 'request-1')).toEqual({
      type: 'about:blank',
      title: 'Internal error',
      status: 500,
      detail: 'Something went wrong here. The log has more under request id request-1.',
      code: 'internal_error',
      instance: 'request-1',
    });
  });

  it('carries the status, code, title, text and members of an error of ours', () => {
    expect(toProblem(new OutOfStock('No apples.'), 'request-1')).toEqual({
      type: 'about:blank',
      title: 'Out of stock',
      status: 409,
      detail: 'No apples.',
      code: 'spec.out_of_stock',
      instance: 'request-1',
      left: 0,
    });
  });

  it('lists the fields of invalid input', () => {
    const errors = [{ field: 'limit', message: 'expected 1, got 2' }];
    expect(toProblem(new InvalidInputError(errors), 'r')).toMatchObject({
      status: 400,
      code: 'invalid_input',
      errors,
    });
  });

  it("keeps a caller's mistake as Nest tells it", () => {
    expect(toProblem(new NotFoundException('Cannot GET /x'), 'r')).toMatchObject({
      status: 404,
      code: 'not_found',
      title: 'Not found',
      detail: 'Cannot GET /x',
    });
    expect(toProblem(new BadRequestException('no'), 'r')).toMatchObject({ status: 400, code: 'bad_request' });
  });

  it("keeps a caller's mistake as Fastify tells it", () => {
    expect(toProblem(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE(), 'r')).toMatchObject({
      status: 413,
      code: 'content_too_large',
      detail: 'Request body is too large',
    });
    expect(toProblem(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE('a/b'), 'r')).toMatchObject({
      status: 415,
    });
  });

  it.each([
    ['Nest', new InternalServerErrorException('secret')],
    ['Fastify', Object.assign(new Error('secret'), { statusCode: 503, code: 'FST_ERR_X' })],
  ])('hides the text of a 5xx of %s', (_, error) => {
    const document = toProblem(error, 'r');
    expect(document.status).toBeGreaterThanOrEqual(500);
    expect(JSON.stringify(document)).not.toContain('secret');
  });

  it('does not take the status of a request that we made for that of the answer', () => {
    const inner = Object.assign(new Error('secret'), {
      statusCode: 404,
      code: 'UND_ERR_RESPONSE_STATUS_CODE',
    });
    const document = toProblem(inner, 'r');
    expect(document).toMatchObject({ status: 500, code: 'internal_error' });
    expect(JSON.stringify(document)).not.toContain('secret');
  });

  it('names a status that it has no words for', () => {
    expect(toProblem(new HttpException('x', 418), 'r')).toMatchObject({
      status: 418,
      code: 'client_error',
      title: 'Client error',
    });
  });

  it('is well-formed, with a status of error, whatever was thrown', () => {
    const thrown = fc.oneof(
      fc.anything(),
      fc.record({ statusCode: fc.anything() }),
      fc.record({ getStatus: fc.anything() }),
    );
    fc.assert(
      fc.property(thrown, (error) => {
        const document = problemSchema.parse(toProblem(error, 'r'));
        expect(document.status).toBeGreaterThanOrEqual(400);
        expect(document.status).toBeLessThanOrEqual(599);
      }),
    );
  });
});
