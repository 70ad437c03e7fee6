import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { buildConnector } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../test/support/eventually.js';
import { WebServer } from '../../../../test/support/web-server.js';
import { OriginPools } from './origin-pools.js';

const MAX = 5;

let server: WebServer;
let pools: OriginPools;

beforeEach(async () => {
  server = await WebServer.start('0.0.0.0');
  server.answer = (_, response) => void response.end('x');
  const connect = buildConnector({ timeout: 10_000 });
  pools = new OriginPools(
    { connect, headersTimeout: 20_000, bodyTimeout: 20_000, maxHeaderSize: 16_384 },
    MAX,
  );
});
afterEach(async () => {
  await pools.destroy();
  await server.close();
});

async function get(host: number): Promise<string> {
  const origin = server.originAt(`127.0.0.${host}`);
  const { body } = await pools.of(origin).request({ origin, path: `/${host}`, method: 'GET' });
  return body.text();
}

describe('connections', () => {
  it('are kept for so many origins only, however many are asked', async () => {
    for (let host = 1; host <= 60; host++) await get(host);
    await eventually('those of the others to be closed', async () =>
      pools.size === MAX && (await server.connections()) <= MAX ? true : undefined,
    );
  });

  it('stay with the origins that were asked last', async () => {
    for (const host of [1, 2, 3, 4, 5]) await get(host);
    const [first] = server.requests;
    for (const host of [1, 6, 7, 8, 1]) await get(host);
    const again = server.requests.filter(({ url }) => url === '/1');
    expect(again.map(({ socket }) => socket)).toEqual([first?.socket, first?.socket, first?.socket]);
  });

  it('that have to go finish what they have begun', async () => {
    const begun = new Promise<ServerResponse>((resolve) => {
      server.answer = (request, response) => {
        if (request.url === '/1') resolve(response.writeHead(200));
        else response.end('x');
      };
    });
    const slow = get(1);
    const response = await begun;
    for (let host = 2; host <= 20; host++) await get(host);
    response.end('all of it');
    expect(await slow).toBe('all of it');
    await eventually('its pool to be closed', async () => (pools.size === MAX ? true : undefined));
  });

  it('are all cut in the end, those that were to finish something included', async () => {
    const begun: ServerResponse[] = [];
    server.answer = (_, response) => void begun.push(response);
    const failures = Array.from({ length: 8 }, (_, host) => get(host + 1).catch((error: unknown) => error));
    await eventually('all requests', async () => (begun.length === 8 ? true : undefined));
    await pools.destroy();
    for (const failure of failures) expect(await failure).toBeInstanceOf(Error);
    for (const response of begun) if (!response.closed) await once(response, 'close');
    expect(pools.size).toBe(0);
  });
});
