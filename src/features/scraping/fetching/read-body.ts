import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { codeOf } from './fetch.errors.js';

/** As much of a body as was wanted, and whether that was all of it. */
export interface ReadBody {
  bytes: Buffer;
  whole: boolean;
}

/** Reads at most `maxBytes`; the rest is neither unpacked nor received. */
export async function readBody(body: Readable, maxBytes: number): Promise<ReadBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving the loop destroys the body and with it the connection.
    if (size > maxBytes) return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), whole: false };
  }
  return { bytes: Buffer.concat(chunks), whole: true };
}

/** The content of a body that is itself a gzip file (`sitemap.xml.gz`), whatever its headers say; others as they are. */
export async function gunzipped({ bytes, whole }: ReadBody, maxBytes: number): Promise<ReadBody> {
  if (!whole || bytes[0] !== 0x1f || bytes[1] !== 0x8b) return { bytes, whole };
  try {
    return { bytes: await promisify(gunzip)(bytes, { maxOutputLength: maxBytes }), whole: true };
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') return { bytes: Buffer.alloc(0), whole: false };
    throw error;
  }
}
