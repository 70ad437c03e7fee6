import { isSecretName } from './secret-names.js';

export const REDACTED = '[redacted]';

/** `scheme://user:password@host`; up to the last `@` before the path, for a password can hold one. */
const CREDENTIALS = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"'<>]*@/gi;
/** `?token=…` and the like, also in a fragment and in what a form sends. */
const PARAMETER = /([?&;#]|^)([\w.[\]%-]{1,64})=([^&\s#;"'<>]+)/g;
const AUTHORIZATION = /\b(bearer|basic)\s+[\w.~+/=-]+/gi;

/**
 * Text as people may see it and PostgreSQL can store it: without credentials in URLs and headers, U+0000 and halves of
 * surrogate pairs, and no longer than `maxLength` characters, of which the last ones say how long it was.
 */
export function shownText(text: string, maxLength: number): string {
  const fit =
    text.isWellFormed() && !text.includes('\0') ? text : text.toWellFormed().replaceAll('\0', '\uFFFD');
  // Before cutting: half a secret is one, too, and would not be known as such without its end.
  return cut(withoutSecrets(fit), maxLength);
}

function withoutSecrets(text: string): string {
  let shown = text;
  if (shown.includes('://')) shown = shown.replace(CREDENTIALS, `$1${REDACTED}@`);
  if (shown.includes('=')) {
    shown = shown.replace(PARAMETER, (whole, before: string, name: string) =>
      isSecretName(name) ? `${before}${name}=${REDACTED}` : whole,
    );
  }
  if (/bearer|basic/i.test(shown)) shown = shown.replace(AUTHORIZATION, `$1 ${REDACTED}`);
  return shown;
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const mark = `… (${text.length} characters)`;
  return text.slice(0, Math.max(0, maxLength - mark.length)).toWellFormed() + mark;
}
