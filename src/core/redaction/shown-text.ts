import { isSecretName, SECRET_NAME_WITHIN } from './secret-names.js';

export const REDACTED = '[redacted]';

/** `scheme://user:password@host`; up to the last `@` before the path, for a password can hold one. */
const CREDENTIALS = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)(?!\[redacted\]@)[^\s/?#"'<>]*@/gi;
/** `?token=…` and the like, also in a fragment, in what a form sends, and in what a message says. */
const PARAMETER = {
  name: /(?<![\w.[\]%-])([\w.[\]%-]{1,64})=/g,
  value: /"[^"]*"|'[^']*'|["']?[^&\s#;"'<>]+/y,
};
/** `password: …`, `"token": "…"` also within JSON within text, and headers. What ends nowhere ends with its word. */
const MEMBER = {
  name: /(?<![\w-])([a-z][\w-]{1,63})\\?["']?\s{0,3}:\s{0,3}/gi,
  value:
    /(?:bearer|basic)\s+\S+|"[^"\\]*(?:\\.[^"\\]*)*"|\\"[^"\\]*(?:\\[^"][^"\\]*)*\\"|'[^']*'|\\?["']?[^\s,;"'}\])]+/iy,
};
/** Of cookies the whole line: each has a name of its own. */
const COOKIES = /\b((?:set-)?cookie2?["']?\s{0,3}:\s{0,3})[^\r\n]+/gi;
const AUTHORIZATION = /\b(bearer|basic)\s+[\w.~+/=-]+/gi;
/** A key of this API; its id is no secret, and tells whose it is. */
const OWN_KEY = /\b(glnr_[a-z0-9]{12}_)[A-Za-z0-9]{20,}/g;

/** `InvalidTokenError: what happened` names no secret. */
const ERROR_NAME = /(?:error|exception)$/i;
/** Of everything that is replaced here there is one of these in the text, in lower case: a quick look, for most texts have none. */
const HINT = /pass|pin|pwd|secr|sess|sign|toke|auth|cook|key|cred|bear|basi|jwt|otp|glnr|@/;
const SUSPICIOUS = new RegExp(`${SECRET_NAME_WITHIN}|basic\\s|glnr_|://[^\\s/?#"'<>]*@`, 'i');

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

/** Whether there may be a secret in a text, or in JSON: if not, then nothing in it is replaced. Cheap. */
export function mayHoldSecrets(text: string): boolean {
  return HINT.test(text.toLowerCase()) && SUSPICIOUS.test(text);
}

function withoutSecrets(text: string): string {
  if (!mayHoldSecrets(text)) return text;
  let shown = text;
  if (shown.includes('@')) shown = shown.replace(CREDENTIALS, `$1${REDACTED}@`);
  if (shown.includes('=')) shown = withoutValues(shown, PARAMETER);
  if (shown.includes(':')) shown = withoutValues(shown.replace(COOKIES, `$1${REDACTED}`), MEMBER);
  if (/bearer|basic/i.test(shown)) shown = shown.replace(AUTHORIZATION, `$1 ${REDACTED}`);
  if (shown.includes('glnr_')) shown = shown.replace(OWN_KEY, `$1${REDACTED}`);
  return shown;
}

/** Replaces what belongs to secret names. What belongs to others can hold further names, and is looked through. */
function withoutValues(text: string, { name, value }: { name: RegExp; value: RegExp }): string {
  let shown = '';
  let from = 0;
  for (const match of text.matchAll(name)) {
    const end = match.index + match[0].length;
    const found = match[1] ?? '';
    if (match.index < from || !isSecretName(found) || ERROR_NAME.test(found)) continue;
    if (text.startsWith(REDACTED, end)) continue;
    value.lastIndex = end;
    if (!value.test(text)) continue;
    shown += text.slice(from, end) + REDACTED;
    from = value.lastIndex;
  }
  return from === 0 ? text : shown + text.slice(from);
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const mark = `… (${text.length} characters)`;
  return text.slice(0, Math.max(0, maxLength - mark.length)).toWellFormed() + mark;
}
