import type { FastifyReply } from 'fastify';
import type { Readable } from 'node:stream';
import { addVary } from '../http/index.js';
import { compressed, type StreamEncoding } from './compressed.js';

export interface ExportAnswer {
  readonly mediaType: string;
  readonly stream: Readable;
  /** Name of the file that a browser makes of it: letters, digits, `.`, `_` and `-`. */
  readonly fileName: string;
  /** What the client accepts; `undefined` to send it as it is. */
  readonly encoding: StreamEncoding | undefined;
}

/** Answers with a stream as a file to be saved. */
export function sendExport(
  reply: FastifyReply,
  { mediaType, stream, fileName, encoding }: ExportAnswer,
): void {
  addVary(reply, 'Accept-Encoding');
  reply.header('content-type', mediaType);
  reply.header('content-disposition', `attachment; filename="${fileName}"`);
  if (encoding !== undefined) reply.header('content-encoding', encoding);
  // Fastify answers HEAD, too, and would read the whole stream for it.
  const asked = reply.request.method !== 'HEAD';
  if (!asked) stream.destroy();
  void reply.send(asked && encoding !== undefined ? compressed(stream, encoding) : stream);
}

/**
 * For an export that has read something and has nothing to send of it: begins the time anew after which a silent
 * connection is cut, or else that would take it for a client that has gone.
 */
export function stillAtWork({ request: { socket } }: FastifyReply): void {
  socket.setTimeout(socket.timeout ?? 0);
}
