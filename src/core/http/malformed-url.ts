import { errorCodes, type FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';

/**
 * Fastify answers a path with a broken escape (`/%zz`) before any hook runs: such a request would be neither counted
 * nor logged. So it is sent to a path that can be read, and refused by the first hook, like any other mistake.
 * @returns the URL by which the router is to look for a route.
 */
export function readableUrl(request: Pick<IncomingMessage, 'url'>): string {
  const url = request.url ?? '/';
  return !url.includes('%') || isReadable(url) ? url : '/';
}

/** Comes after the hooks that name, protect and count a request, wherever they are added. */
export function refuseMalformedUrls(server: FastifyInstance): void {
  server.addHook('preParsing', (request, _reply, _payload, done) => {
    const { url, originalUrl } = request;
    done(url === originalUrl ? null : new errorCodes.FST_ERR_BAD_URL(originalUrl));
  });
}

function isReadable(url: string): boolean {
  try {
    decodeURI(url.replace(/[?#].*$/s, ''));
    return true;
  } catch {
    return false;
  }
}
