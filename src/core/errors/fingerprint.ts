import { createHash } from 'node:crypto';

/** What follows tells no more about what kind of error it is. */
const MAX_MESSAGE = 2000;

const URL = /\b[a-z][a-z0-9+.-]{0,20}:\/\/\S+/gi;
/** Not an apostrophe: such a quote stands where no word goes on. */
const QUOTED = /"[^"]*"|`[^`]*`|«[^»]*»|“[^”]*”|(?<!\w)'[^']*'(?!\w)/g;
const WORD = /[\w.:-]+/g;
const HEXADECIMAL = /^[0-9a-f]{8,}$/i;

/** The message without what differs from one time to the next: URLs, quoted text, and words with digits in them. */
export function normalisedMessage(message: string): string {
  return message
    .slice(0, MAX_MESSAGE)
    .replace(URL, '<url>')
    .replace(QUOTED, '<text>')
    .replace(WORD, (word) => (/\d/.test(word) || HEXADECIMAL.test(word) ? '<n>' : word))
    .replace(/\s+/g, ' ')
    .trim();
}

/** Equal for errors of one class whose messages differ only in such details. 16 hexadecimal digits. */
export function fingerprintOf(errorClass: string, message: string): string {
  return createHash('sha256')
    .update(`${errorClass}\n${normalisedMessage(message)}`)
    .digest('hex')
    .slice(0, 16);
}
