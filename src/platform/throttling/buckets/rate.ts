import { z } from 'zod';

/** How much a client may ask for: on average `requests` in `periodSeconds`, and `burst` at once. */
export interface Rate {
  readonly requests: number;
  readonly periodSeconds: number;
  readonly burst: number;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const MOST = 10_000_000;
/** The bucket counts in whole microseconds a token; faster than this, rounding would show. */
const MOST_A_SECOND = 10_000;
const LONGEST_FILL_SECONDS = 366 * SECONDS['d']!;

const FORM =
  'expected requests per period such as 1000/1h, with units s, m, h and d, and if wanted a burst: 1000/1h,burst=50';

/** Setting: `<requests>/<number><unit>[,burst=<requests>]`. Without a burst, all of a period may come at once. */
export function rate() {
  return z.string().transform((text, context): Rate => {
    const parsed = parseRate(text);
    if (typeof parsed !== 'string') return parsed;
    context.issues.push({ code: 'custom', message: parsed, input: text });
    return z.NEVER;
  });
}

/** @returns the rate, or what was expected in its place. */
function parseRate(text: string): Rate | string {
  const [, requestsText, countText, unit = '', burstText] =
    /^(\d{1,15})\/(\d{1,15})([smhd])(?:,burst=(\d{1,15}))?$/.exec(text.trim()) ?? [];
  const seconds = SECONDS[unit];
  if (seconds === undefined) return FORM;
  const requests = Number(requestsText);
  const periodSeconds = Number(countText) * seconds;
  const burst = burstText === undefined ? requests : Number(burstText);
  if (requests < 1 || requests > MOST) return `expected 1 to ${MOST} requests a period`;
  if (periodSeconds < 1 || periodSeconds > LONGEST_FILL_SECONDS) return 'expected a period of 1s to 366d';
  if (requests / periodSeconds > MOST_A_SECOND) return `expected at most ${MOST_A_SECOND} requests a second`;
  if (burst < 1 || burst > MOST) return `expected a burst of 1 to ${MOST} requests`;
  if ((burst / requests) * periodSeconds > LONGEST_FILL_SECONDS)
    return 'expected a burst that is there again within 366 days';
  return { requests, periodSeconds, burst };
}
