/** How far a reader is: an entry of the log, by the two numbers of its id in Redis, and how many of its changes it has. */
export interface Place {
  readonly ms: number;
  readonly seq: number;
  readonly taken: number;
}

/** Of a log that has never had an entry. */
export const BEGINNING: Place = { ms: 0, seq: 0, taken: 0 };

const PLACE = /^(\d{1,15})-(\d{1,15})\.(\d{1,6})$/;
const ENTRY = /^(\d+)-(\d+)$/;

/** @returns `undefined` for what is no place. */
export function parsePlace(text: string): Place | undefined {
  const match = PLACE.exec(text);
  return match ? { ms: Number(match[1]), seq: Number(match[2]), taken: Number(match[3]) } : undefined;
}

export const printPlace = ({ ms, seq, taken }: Place): string => `${ms}-${seq}.${taken}`;

/** The place of a reader that has so many changes of an entry. */
export function placeIn(entry: string, taken: number): Place {
  const [, ms, seq] = ENTRY.exec(entry) ?? [];
  return { ms: Number(ms), seq: Number(seq), taken };
}

/** The entry alone, as Redis knows it. */
export const entryAt = ({ ms, seq }: Place): string => `${ms}-${seq}`;

/** Whether what `a` has `b` has, too. */
export const isUpTo = (a: Place, b: Place): boolean =>
  a.ms < b.ms || (a.ms === b.ms && (a.seq < b.seq || (a.seq === b.seq && a.taken <= b.taken)));
