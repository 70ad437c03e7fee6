import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { Client } from 'undici';
import type { FuzzRequest } from './requests.js';

export interface FuzzAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** Unpacked. */
  body: string;
}

const UNPACK: Readonly<Record<string, (packed: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  deflate: inflateSync,
  zstd: zstdDecompressSync,
};

/** Sends exactly this target: nothing is normalised, encoded or followed on the way. */
export async function send(client: Client, request: FuzzRequest): Promise<FuzzAnswer> {
  const { method, target, headers, body } = request;
  const {
    statusCode,
    headers: answered,
    body: stream,
  } = await client.request({
    method,
    path: target,
    headers,
    body: body ?? null,
  });
  // A stream without an end: its head is the answer.
  if (answered['content-type'] === 'text/event-stream') stream.on('error', () => undefined).destroy();
  const bytes = stream.destroyed ? Buffer.of() : Buffer.from(await stream.arrayBuffer());
  const encoding = answered['content-encoding'];
  const unpack = typeof encoding === 'string' && bytes.length > 0 ? UNPACK[encoding] : (same: Buffer) => same;
  if (!unpack) throw new Error(`an answer in an encoding that nobody knows: ${String(encoding)}`);
  return { status: statusCode, headers: answered, body: unpack(bytes).toString('utf8') };
}

/** The request as a command line that sends it again. */
export function curl(url: string, { method, target, headers, body }: FuzzRequest): string {
  return [
    'curl -i --globoff --path-as-is',
    method === 'HEAD' ? '--head' : `-X ${method}`,
    ...Object.entries(headers).map(
      ([name, value]) => `-H ${quoted(value === '' ? `${name};` : `${name}: ${value}`)}`,
    ),
    ...(body === undefined ? [] : [`--data-binary ${quoted(body)}`]),
    quoted(url + target),
  ].join(' ');
}

/** For bash, which reads `$'…'` with escapes: whatever the bytes are, the line stays one that can be copied. */
function quoted(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes("'")) return `'${text}'`;
  // A body of a megabyte is made again rather than printed.
  const repeated = /^(.*?)(.)\2{1000,}(.*)$/s.exec(text);
  if (repeated) {
    const [, before = '', unit = '', after = ''] = repeated;
    const count = text.length - before.length - after.length;
    return `${quoted(before)}"$(printf '%*s' ${count} | tr ' ' ${quoted(unit)})"${quoted(after)}`;
  }
  const bytes = [...Buffer.from(text, 'utf8')];
  const escape = (byte: number): string =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x27 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`;
  return `$'${bytes.map(escape).join('')}'`;
}
