import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * The body as it was before `Content-Encoding`; `undefined` for an encoding that was not asked for. Streams, so that a
 * reader can stop before a bomb has gone off.
 */
export function unpack(body: Readable, contentEncoding: string): Readable | undefined {
  const encoding = contentEncoding.trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return body;
  const decoder = DECODERS[encoding];
  if (!decoder) return undefined;
  // The callback only keeps an error from being thrown at large: the reader of the last stream gets it too.
  return pipeline(body, decoder(), () => undefined);
}
