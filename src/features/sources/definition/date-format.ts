import { DateTime, type TokenParser } from 'luxon';

/** Names of months and days are read in English. */
export const DATE_LOCALE = { locale: 'en', zone: 'utc' } as const;

/** What luxon reads by itself; its tokens for a whole date or time, such as DDD, depend on the data of the platform. */
const TOKENS = new Set(
  (
    'G GG y yy yyyy yyyyy yyyyyy kk kkkk M MM MMM MMMM L LL LLL LLLL d dd o ooo q qq W WW E EEE EEEE c ccc cccc ' +
    'H HH h hh m mm s ss S SSS u uu uuu a Z ZZ ZZZ z'
  ).split(' '),
);

/** A run of the same letter, outside of quotes. */
const TOKEN = /'[^']*'|(([A-Za-z])\2*)/g;

/** A time that every token has something to say of. */
const SAMPLE = DateTime.fromISO('2024-05-17T13:45:06.789Z', DATE_LOCALE);

/** A compiled format of a date. */
export interface DateFormat {
  parser: TokenParser;
  /** Whether it has hours; without, it gives a date alone. */
  hasTime: boolean;
  /** Whether it says how far from UTC. */
  hasZone: boolean;
}

/**
 * Compiles a format of luxon's tokens (https://moment.github.io/luxon/#/parsing?id=table-of-tokens).
 * @throws Error saying what is wrong with it.
 */
export function compileDateFormat(format: string): DateFormat {
  const tokens = [...format.matchAll(TOKEN)].flatMap(([, token]) => token ?? []);
  const unknown = tokens.find((token) => !TOKENS.has(token));
  if (unknown !== undefined) throw new Error(`"${unknown}" is no token; text stands in single quotes`);
  const has = (letters: string): boolean => tokens.some((token) => letters.includes(token.charAt(0)));
  // Without a year luxon takes the present one: the same page would give another date next year.
  if (!has('yk')) throw new Error('it has no year');
  const parser = DateTime.buildFormatParser(format, DATE_LOCALE);
  // Tokens that contradict each other are noticed only when something is read.
  const readBack = DateTime.fromFormatParser(SAMPLE.toFormat(format, DATE_LOCALE), parser, DATE_LOCALE);
  if (!readBack.isValid) throw new Error(readBack.invalidExplanation ?? 'it cannot be read back');
  return { parser, hasTime: has('Hh'), hasZone: has('Zz') };
}
