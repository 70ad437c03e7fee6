import 'reflect-metadata';
import { Controller, Get, Logger, Module, Param, Post, Body, Query } from '@nestjs/common';
import { APP_FILTER, APP_PIPE, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../config/index.js';
import { GleanerError } from '../errors/index.js';
import { createAdapter } from './adapter.js';
import { httpConfig } from './http.config.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { text } from './text.js';
import { ValidationPipe } from './validation.pipe.js';

class ClosedForLunch extends GleanerError {
  readonly code = 'spec.closed';
  readonly title = 'Closed';
  override readonly httpStatus = 503;
  override readonly retryAfterSeconds = 7;
}

const limit = z.strictObject({ limit: z.coerce.number('expected a number').default(3) });

@Controller()
class SpecController {
  @Get('items')
  list(@Query({ schema: limit }) query: z.output<typeof limit>): object {
    return query;
  }

  @Get('items/:name')
  get(@Param('name', { schema: text(5) }) name: string): object {
    return { name };
  }

  @Post('items')
  add(@Body() body: object): object {
    return body;
  }

  @Get('broken')
  broken(): never {
    throw new Error('password is hunter2');
  }

  @Get('lunch')
  lunch(): never {
    throw new ClosedForLunch('Back at one.');
  }
}

@Module({
  controllers: [SpecController],
  providers: [
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_PIPE, useClass: ValidationPipe },
  ],
})
class Root {}

let app: NestFastifyApplication;

beforeAll(async () => {
  Logger.overrideLogger(false);
  const adapter = createAdapter({
    trustedProxies: [],
    proxyHeader: 'x-forwarded-for',
    http: loadConfig({}, [httpConfig]).get(httpConfig),
  });
  app = await NestFactory.create<NestFastifyApplication>(Root, adapter, {
    logger: false,
    abortOnError: false,
    bodyParser: false,
  });
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await app.inject({ method: 'GET', url: path, headers });
  return {
    status: response.statusCode,
    headers: response.headers,
    body: response.json<Record<string, unknown>>(),
  };
};

/** Sends bytes as they are and gives the whole answer. */
async function raw(bytes: string): Promise<{ head: string; body: Record<string, unknown> }> {
  const socket = connect({ port: Number(new URL(await app.getUrl()).port), host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.write(bytes);
  const [head = '', body = ''] = (await readAll(socket)).split('\r\n\r\n');
  return { head, body: JSON.parse(body) as Record<string, unknown> };
}

describe('an argument of a route', () => {
  it('comes converted and with its defaults', async () => {
    expect((await get('/items')).body).toEqual({ limit: 3 });
    expect((await get('/items?limit=7')).body).toEqual({ limit: 7 });
  });

  it('that does not fit is refused with 400, naming field, expected and got', async () => {
    const { status, headers, body } = await get('/items?limit=x&page=2');
    expect(status).toBe(400);
    expect(headers['content-type']).toContain('application/problem+json');
    expect(body['errors']).toEqual([
      { field: 'limit', message: 'expected a number, got "x"' },
      { field: 'page', message: 'is not known here; remove it' },
    ]);
  });

  it('in the path is named by its own name', async () => {
    expect((await get('/items/longer')).body['errors']).toEqual([
      { field: 'name', message: 'expected 1 to 5 characters, got "longer"' },
    ]);
    expect((await get('/items/%00')).body).toMatchObject({ status: 400, code: 'invalid_input' });
  });
});

describe('an error', () => {
  it.each([
    ['/nowhere', 404, 'not_found'],
    ['/items/%zz', 400, 'bad_request'],
    ['/broken', 500, 'internal_error'],
    ['/lunch', 503, 'spec.closed'],
  ])('at %s is a problem document with status %i that no cache keeps', async (path, status, code) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toMatchObject({ type: 'about:blank', status, code });
  });

  it('of ours tells nothing of the inside', async () => {
    expect(JSON.stringify((await get('/broken')).body)).not.toContain('hunter2');
  });

  it('that will pass says when to come back', async () => {
    expect((await get('/lunch')).headers['retry-after']).toBe('7');
  });

  it('for a body that is too large, or no JSON, is a problem document', async () => {
    const headers = { 'content-type': 'application/json' };
    const large = await app.inject({
      method: 'POST',
      url: '/items',
      headers,
      payload: `"${'x'.repeat(1_048_576)}"`,
    });
    expect(large.json()).toMatchObject({ status: 413, code: 'content_too_large' });
    const broken = await app.inject({ method: 'POST', url: '/items', headers, payload: '{"half' });
    expect(broken.json()).toMatchObject({ status: 400, code: 'bad_request' });
  });

  it('for a head that is too large says so', async () => {
    const { head, body } = await raw(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    expect(body).toMatchObject({ status: 400, code: 'invalid_input', errors: [{ field: 'url' }] });
  });

  it('for what is no HTTP at all is a problem document, too', async () => {
    expect((await raw('what?\r\n\r\n')).body).toMatchObject({ status: 400, code: 'bad_request' });
  });
});

describe('the id of a request', () => {
  it("is the caller's own when that is harmless", async () => {
    expect((await get('/nowhere', { 'x-request-id': 'abc-DEF_123' })).body['instance']).toBe('abc-DEF_123');
  });

  it.each(['short', 'x'.repeat(65), 'with space', '{"json":1}', '../../etc'])(
    'is not the caller’s when that is %j',
    async (given) => {
      expect((await get('/nowhere', { 'x-request-id': given })).body['instance']).toMatch(/^[0-9a-f-]{36}$/);
    },
  );
});
