import { hash, randomInt, timingSafeEqual } from 'node:crypto';

/**
 * An API key: `glnr_<id>_<secret>`. The prefix lets scanners of leaked secrets know it, the id finds its row, and the
 * secret proves it. Only letters and digits, so that a double click selects all of it and no URL or shell changes it.
 */
const KEY = /^glnr_([a-z0-9]{12})_[A-Za-z0-9]{43}$/;

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ALPHANUMERIC = `${LOWER}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;
const ID_LENGTH = 12;
/** 43 of 62 letters and digits are 256 bits: 43 · log2(62) = 256.03. */
const SECRET_LENGTH = 43;

export interface NewKey {
  id: string;
  /** The whole key: shown to whoever asked for it, and kept nowhere. */
  key: string;
  hash: Buffer;
}

export function generateKey(): NewKey {
  const id = randomText(LOWER, ID_LENGTH);
  const key = `glnr_${id}_${randomText(ALPHANUMERIC, SECRET_LENGTH)}`;
  return { id, key, hash: hashOf(key) };
}

/** The id in a key; `undefined` when it is none that could have come from here. */
export function idOf(key: string): string | undefined {
  return KEY.exec(key)?.[1];
}

/** A plain SHA-256: slow hashes protect what people choose, and nobody can try 256 random bits. */
export function hashOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

/** Takes as long for one that differs in its first byte as for one that differs in its last. */
export function matches(key: string, expected: Buffer): boolean {
  return timingSafeEqual(hashOf(key), expected);
}

/** `randomInt` is uniform; a remainder of random bytes would prefer the first letters. */
function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
