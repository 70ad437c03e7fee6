/** Whoever asks for more is asked again all the same. */
const LONGEST_MS = 24 * 3_600_000;

/** The three forms of a date in HTTP (RFC 9110 §5.6.7); the third says no zone and means GMT. */
const HTTP_DATE =
  /^(?:\w{3}, \d{2} \w{3} \d{4} [\d:]{8} GMT|\w{6,9}, \d{2}-\w{3}-\d{2} [\d:]{8} GMT|\w{3} \w{3} [ \d]\d [\d:]{8} \d{4})$/;

/**
 * Milliseconds for which a host asks to be left alone (RFC 9110 §10.2.3: seconds, or a date), between 0 and a day.
 * @param date the answer's own `Date`: the date to wait for is by the clock of the same server.
 * @returns undefined when there is no such header, or nothing to be understood in it.
 */
export function retryAfterMs(header: unknown, date: unknown): number | undefined {
  if (typeof header !== 'string') return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : until(text, date);
  return ms === undefined ? undefined : Math.min(Math.max(ms, 0), LONGEST_MS);
}

function until(text: string, date: unknown): number | undefined {
  const then = httpDate(text);
  if (then === undefined) return undefined;
  return then - ((typeof date === 'string' ? httpDate(date.trim()) : undefined) ?? Date.now());
}

function httpDate(text: string): number | undefined {
  if (!HTTP_DATE.test(text)) return undefined;
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
