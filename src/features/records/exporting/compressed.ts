import { pipeline, type Readable, type Transform } from 'node:stream';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import type { Encoding } from '../../../platform/caching/index.js';

/** Quick rather than small: the text is made on the way, and the client waits for it. */
const encoders: Readonly<Record<Encoding, () => Transform>> = {
  br: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 3 } }),
  gzip: () => createGzip({ level: 3 }),
};

/** The stream in an encoding. An error of either end ends both. */
export function compressed(stream: Readable, encoding: Encoding): Readable {
  // Whoever reads the outcome is told of an error; here there is nothing more to do about it.
  return pipeline(stream, encoders[encoding](), () => undefined);
}
