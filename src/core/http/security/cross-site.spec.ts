import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { isCrossSite } from './cross-site.js';

const HERE = 'gleaner.example:3000';
const asks = (headers: Record<string, string>, host = HERE): boolean =>
  isCrossSite({ headers, host } as unknown as FastifyRequest);

describe('a request of a page of another site', () => {
  it.each([
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': '' }],
    [{ 'sec-fetch-site': 'cross-site', origin: `http://${HERE}` }],
    [{ origin: 'https://evil.example' }],
    [{ origin: 'http://gleaner.example' }],
    [{ origin: `http://${HERE}.evil.example` }],
    [{ origin: 'null' }],
    [{ origin: '' }],
  ])('is noticed by %o', (headers) => {
    expect(asks(headers)).toBe(true);
  });

  it.each([
    [{}],
    [{ 'sec-fetch-site': 'same-origin' }],
    [{ 'sec-fetch-site': 'none' }],
    [{ origin: `http://${HERE}` }],
  ])('is not %o', (headers) => {
    expect(asks(headers)).toBe(false);
  });

  it('is not one of its own page, however the host is written', () => {
    expect(asks({ origin: 'https://gleaner.example' }, 'Gleaner.Example')).toBe(false);
    expect(asks({ origin: 'http://[::1]:3000' }, '[::1]:3000')).toBe(false);
  });
});
