import { CachedDocument } from '../cached-document.js';

/** A document as it stands in Redis. */
export interface Envelope {
  readonly document: CachedDocument;
  readonly versions: readonly number[];
  /** Milliseconds since the epoch: processes share no other clock. */
  readonly fetchedAt: number;
  readonly freshUntil: number;
}

/** First characters of everything that this release of the cache writes. */
export const MAGIC = 'gleaner-read-1 ';

/**
 * One line of what is needed to judge the body, then the body as it will be sent. The line names the key and the hash
 * of the body, so that a value that was cut, changed, or written under another key is told from a good one.
 */
export function encode(key: string, { document, versions, fetchedAt, freshUntil }: Envelope): string {
  const head = JSON.stringify([key, document.hash, fetchedAt, freshUntil, ...versions]);
  return `${MAGIC}${head}\n${document.plain.body.toString()}`;
}

/** `undefined` for whatever {@link encode} has not written under this key. */
export function decode(key: string, text: unknown): Envelope | undefined {
  if (typeof text !== 'string' || !text.startsWith(MAGIC)) return undefined;
  const end = text.indexOf('\n');
  if (end < 0) return undefined;
  const head = parseHead(text.slice(MAGIC.length, end));
  if (head?.key !== key) return undefined;
  const document = CachedDocument.fromJson(text.slice(end + 1));
  if (document.hash !== head.hash) return undefined;
  return { document, versions: head.versions, fetchedAt: head.fetchedAt, freshUntil: head.freshUntil };
}

interface Head extends Omit<Envelope, 'document'> {
  readonly key: string;
  readonly hash: string;
}

function parseHead(line: string): Head | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined; // Not of ours; the caller counts it.
  }
  if (!Array.isArray(parsed)) return undefined;
  const [key, hash, ...numbers] = parsed as unknown[];
  if (typeof key !== 'string' || typeof hash !== 'string') return undefined;
  if (numbers.length < 2 || !numbers.every((number): number is number => Number.isSafeInteger(number)))
    return undefined;
  const [fetchedAt = 0, freshUntil = 0, ...versions] = numbers;
  return { key, hash, versions, fetchedAt, freshUntil };
}
