import type { Encoding } from '../cached-document.js';

/** In the order in which they are taken when the client likes several equally. */
const OFFERED: readonly Encoding[] = ['br', 'gzip'];
const MAX_REMEMBERED = 200;

/** Clients send few different headers; whoever sends many only makes them be parsed. */
const remembered = new Map<string, Encoding | undefined>();

/**
 * The encoding to answer in, by RFC 9110 §12.5.3; `undefined` to send it as it is, also when a client accepts nothing
 * that we have: it can still make more of that than of an error.
 */
export function negotiateEncoding(header: string | string[] | undefined): Encoding | undefined {
  if (header === undefined) return undefined;
  const text = typeof header === 'string' ? header : header.join(',');
  if (remembered.has(text)) return remembered.get(text);
  const encoding = parse(text);
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(text, encoding);
  return encoding;
}

function parse(text: string): Encoding | undefined {
  const weights = new Map<string, number>();
  for (const part of text.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const weight = q === undefined ? 1 : /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? Number(q) : 0;
    if (name !== '') weights.set(name === 'x-gzip' ? 'gzip' : name, weight);
  }
  const weightOf = (encoding: Encoding): number => weights.get(encoding) ?? weights.get('*') ?? 0;
  // What is not mentioned of identity is acceptable, but less than what is asked for by name.
  const best = OFFERED.toSorted((a, b) => weightOf(b) - weightOf(a))[0];
  if (best === undefined || weightOf(best) === 0) return undefined;
  return weightOf(best) >= (weights.get('identity') ?? 0) ? best : undefined;
}
