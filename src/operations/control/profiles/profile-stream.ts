import { finished, PassThrough, type Readable } from 'node:stream';

/** Below the time after which silent connections are cut, by us and by proxies. */
const SIGN_OF_LIFE_MS = 5000;

/**
 * A profile that is still being made, as a stream: its head goes at once, and line breaks, which mean nothing before
 * JSON, say that it goes on.
 * @param gone is aborted when nobody reads any more.
 */
export function streamOf(profile: Promise<string>, gone: AbortController): Readable {
  const stream = new PassThrough();
  stream.write('\n');
  const life = setInterval(() => stream.write('\n'), SIGN_OF_LIFE_MS);
  finished(stream, () => {
    clearInterval(life);
    gone.abort();
  });
  profile.then(
    (text) => stream.end(text),
    (error: Error) => stream.destroy(error),
  );
  return stream;
}
