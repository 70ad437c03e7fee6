/**
 * Which of two things that processes say of a task is the later one, in whatever order they arrive: ten times how often
 * the task had been begun, and how far it got then. A row only changes for what has a higher number.
 */
const RANK = {
  sent: 0,
  received: 1,
  active: 2,
  /** Back on its queue. */
  back: 3,
  retry: 4,
  /** It is gone, and nobody has said how it ended; whoever knows better comes after that. */
  missed: 5,
  final: 9,
} as const;

export type Rank = keyof typeof RANK;

export const seqOf = (start: number, rank: Rank): number => 10 * start + RANK[rank];

/**
 * Of tasks that were taken out of their queue before they were begun again: nothing follows, and those who say so do
 * not know how often it had been begun. Such a row only changes one that is not final.
 */
export const OUT_OF_TURN = 2 ** 31 - 1;

/** What a row that has this number and state knows of starts. */
export const startOf = (seq: number): number => (seq === OUT_OF_TURN ? 0 : Math.floor(seq / 10));
