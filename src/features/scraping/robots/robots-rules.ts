import type { RobotsFile } from './robots-file.js';

/** What an origin asks of this crawler. */
export interface RobotsRules {
  /** Whether a URL of this origin may be fetched. */
  allows(url: URL): boolean;
  /** Milliseconds that it asks for between two requests; between 0 and 300 s. */
  readonly crawlDelayMs: number | undefined;
  /** Absolute, http and https only, at most 50. */
  readonly sitemaps: readonly string[];
}

interface Rule {
  readonly allow: boolean;
  /** Characters of the pattern: the longer one of two that match counts. */
  readonly length: number;
  /** The parts between its wildcards. */
  readonly parts: readonly [first: string, ...rest: string[]];
  /** Whether the path has to end where the pattern does. */
  readonly toTheEnd: boolean;
}

/**
 * The rules of a file, ready to be asked: the longest pattern that matches decides, at equal length an `Allow`
 * (RFC 9309 §2.2.2).
 */
export function rulesOf({ allow, disallow, crawlDelayMs, sitemaps }: RobotsFile): RobotsRules {
  const rules = [
    ...allow.map((pattern) => ruleOf(pattern, true)),
    ...disallow.map((pattern) => ruleOf(pattern, false)),
  ].sort((a, b) => b.length - a.length || Number(b.allow) - Number(a.allow));
  return {
    crawlDelayMs,
    sitemaps,
    allows: ({ pathname, search }) => {
      if (pathname === '/robots.txt') return true;
      const path = normalised(pathname + search).replace(/[*$]/g, escaped);
      return rules.find((rule) => matches(rule, path))?.allow ?? true;
    },
  };
}

function ruleOf(written: string, allow: boolean): Rule {
  const pattern = normalised(written);
  const toTheEnd = pattern.endsWith('$');
  const body = (toTheEnd ? pattern.slice(0, -1) : pattern).replaceAll('$', escaped);
  return { allow, length: pattern.length, toTheEnd, parts: body.split('*') as [string, ...string[]] };
}

/**
 * Takes each part where it comes first, which is right because only a wildcard can follow. Time grows with the length
 * of the path and not, as with a regular expression, with its power.
 */
function matches({ parts: [first, ...rest], toTheEnd }: Rule, path: string): boolean {
  if (!path.startsWith(first)) return false;
  const last = toTheEnd ? rest.pop() : undefined;
  let at = first.length;
  for (const part of rest) {
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  if (!toTheEnd) return true;
  return last === undefined ? at === path.length : path.length - last.length >= at && path.endsWith(last);
}

/** Characters that URLs have in percent encoding only; parsers of URLs differ in which of them they encode. */
const TO_ENCODE = /[^!#-;=?-[\]_a-z~]/gu;
const UNRESERVED = /[\w.~-]/;

/** One spelling for texts that mean the same (RFC 9309 §2.2.2): `%7e` is `~`, `é` is `%C3%A9`. */
function normalised(text: string): string {
  return text
    .toWellFormed()
    .replace(TO_ENCODE, encodeURIComponent)
    .replace(/%[0-9a-f]{2}/gi, (code) => {
      const character = String.fromCodePoint(Number.parseInt(code.slice(1), 16));
      return UNRESERVED.test(character) ? character : code.toUpperCase();
    });
}

/** `*` and `$` of a path itself, which a pattern can only name encoded. */
function escaped(character: string): string {
  return character === '*' ? '%2A' : '%24';
}
