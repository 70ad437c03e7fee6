/** Digits with what groups them and separates decimals, and a separator that stands in front of decimals. */
const NUMBERS = /[.,]?\d[\d.,'’ ]*/g;

/** What can stand in front of a number: `-£5`, `£-5` and `-EUR 5` are all minus five. */
const SIGN = /(.?)[-−] ?(?:\p{Sc}|[A-Z]{3})? ?$/su;

/** Behind this, and at the beginning, a separator is a decimal sign. */
const BEFORE_DECIMALS = /(?:^|[\s\p{Sc}+\-−(])$/u;

type Decimal = '.' | ',';

/** Groups of thousands, all with one sign, as in 1,234,567 or 12 345; of India's, as in 12,34,567; or none. */
const SHAPES: Readonly<Record<Decimal, RegExp>> = {
  '.': /^(?:\d+|\d{1,3}(?:([,'’ ])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})+,\d{3})?(?:\.\d+)?$/,
  ',': /^(?:\d+|\d{1,3}(?:([.'’ ])\d{3})(?:\1\d{3})*)?(?:,\d+)?$/,
};

/**
 * The one number in a text such as "£1,234.50" or "In stock (22 available)". Null when there is none or more than one,
 * when the separators are those of another country, and when it has more digits than a number can keep: what would
 * have to be guessed is no number.
 */
export function numberIn(text: string, decimal: Decimal): number | null {
  const found = [...text.matchAll(NUMBERS)];
  const [match] = found;
  if (found.length !== 1 || !match) return null;
  const before = text.slice(0, match.index);
  const digits = match[0]
    .replace(/[^\d]+$/, '')
    // "about .5" is a half, and "No.5" is 5.
    .replace(/^[.,]/, (separator) => (BEFORE_DECIMALS.test(before) ? separator : ''));
  if (!SHAPES[decimal].test(digits)) return null;
  const plain = digits.replaceAll(decimal === '.' ? /[^\d.]/g : /[^\d,]/g, '').replace(',', '.');
  const value = Number(plain);
  if (plain.replace(/^0+|[.]/g, '').length > 15 && !Number.isSafeInteger(value)) return null;
  const [sign, beforeSign = ''] = SIGN.exec(before.slice(-8)) ?? [];
  if (sign === undefined || value === 0) return value;
  // "EUR-5" is an amount, and "COVID-19" none.
  return /[\p{L}\p{N}]/u.test(beforeSign) ? null : -value;
}
