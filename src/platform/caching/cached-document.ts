import { isAscii } from 'node:buffer';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export type Encoding = 'br' | 'gzip';

/** A body as it is sent, with the strong entity tag of exactly these bytes. */
export interface Representation {
  /**
   * Text when it is ASCII, as most JSON is: Node sends that together with the head in one call of the system, which
   * takes a fifth off an answer; bytes would be a second piece.
   */
  readonly body: Buffer | string;
  readonly etag: string;
  readonly encoding: Encoding | undefined;
}

/** Below this a packet holds the answer anyway, and compressing it only costs time. */
const COMPRESS_FROM_BYTES = 1024;

const compress = {
  br: async (body: Buffer | string, length: number) =>
    promisify(brotliCompress)(body, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 5,
        [constants.BROTLI_PARAM_SIZE_HINT]: length,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      },
    }),
  gzip: async (body: Buffer | string) => promisify(gzip)(body, { level: 6 }),
};

/**
 * A JSON answer, serialised once. Compressed forms are made when first asked for and then kept; each has a tag of its
 * own, because a strong tag names bytes.
 */
export class CachedDocument {
  readonly plain: Representation;
  private readonly variants = new Map<Encoding, Promise<Representation> | Representation>();
  private parsed: unknown;

  /** Bytes of the plain body. */
  readonly length: number;
  private held: number;

  /** Told when the document begins to hold more bytes than before. */
  onGrow: ((bytes: number) => void) | undefined;

  private constructor(
    body: Buffer,
    /** Names the content, whatever its encoding. */
    readonly hash: string,
  ) {
    this.plain = {
      body: isAscii(body) ? body.toString('latin1') : body,
      etag: `"${hash}"`,
      encoding: undefined,
    };
    this.length = body.length;
    this.held = body.length;
  }

  /** @param value must be JSON: dates as text. */
  static of(value: unknown): CachedDocument {
    return CachedDocument.fromJson(JSON.stringify(value));
  }

  static fromJson(json: string): CachedDocument {
    const body = Buffer.from(json);
    return new CachedDocument(body, createHash('sha256').update(body).digest('base64url').slice(0, 27));
  }

  /** Bytes held in all its forms. */
  get bytes(): number {
    return this.held;
  }

  get compressible(): boolean {
    return this.length >= COMPRESS_FROM_BYTES;
  }

  /** What was serialised; parsed when first asked for and then shared, so it is frozen. */
  get value(): unknown {
    if (this.parsed === undefined) {
      this.parsed = deepFreeze(JSON.parse(this.plain.body.toString()));
      this.grow(2 * this.length); // An estimate: as objects it takes about twice its text.
    }
    return this.parsed;
  }

  /** The document in an encoding; at once when it has been compressed before. */
  in(encoding: Encoding): Representation | Promise<Representation> {
    const known = this.variants.get(encoding);
    if (known) return known;
    const made = this.make(encoding);
    this.variants.set(encoding, made);
    return made;
  }

  private async make(encoding: Encoding): Promise<Representation> {
    const body = await compress[encoding](this.plain.body, this.length);
    const variant = { body, etag: `"${this.hash}-${encoding}"`, encoding };
    this.variants.set(encoding, variant);
    this.grow(body.length);
    return variant;
  }

  private grow(bytes: number): void {
    this.held += bytes;
    this.onGrow?.(bytes);
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
