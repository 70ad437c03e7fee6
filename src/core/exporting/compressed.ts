import { pipeline, type Readable, type Transform } from 'node:stream';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';

/** Quick rather than small: the text is made on the way, and the client waits for it. */
const encoders = {
  br: (): Transform => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 3 } }),
  gzip: (): Transform => createGzip({ level: 3 }),
};

export type StreamEncoding = keyof typeof encoders;

/** The stream in an encoding. An error of either end ends both. */
export function compressed(stream: Readable, encoding: StreamEncoding): Readable {
  // Whoever reads the outcome is told of an error; here there is nothing more to do about it.
  return pipeline(stream, encoders[encoding](), () => undefined);
}
