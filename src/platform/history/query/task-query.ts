import type { TaskState } from '../entities/task.entity.js';

/** Fields that are compared as text; `error` by whether it contains the text, in any case. */
export const TEXT_FIELDS = [
  'id',
  'name',
  'queue',
  'worker',
  'error',
  'root',
  'parent',
  'correlation',
  'retry_of',
] as const;
export type TextField = (typeof TEXT_FIELDS)[number];

/** What operators ask of tasks: conditions, joined. */
export type TaskQuery =
  | { readonly and: readonly TaskQuery[] }
  | { readonly or: readonly TaskQuery[] }
  | { readonly not: TaskQuery }
  | Condition;

export type Condition =
  | { readonly field: 'state'; readonly state: TaskState }
  | TextCondition
  | { readonly field: 'after' | 'before'; readonly time: PointInTime }
  /** Milliseconds of the latest attempt that ended. */
  | { readonly field: 'took'; readonly comparison: Comparison; readonly ms: number }
  | { readonly field: 'attempts'; readonly comparison: Comparison; readonly count: number }
  /** A value inside of the arguments, or one of a list there. What was not quoted may also be a number, say. */
  | {
      readonly field: 'arg';
      readonly path: readonly string[];
      readonly value: string;
      readonly quoted: boolean;
    };

/** A field compared as text. */
export interface TextCondition {
  readonly field: TextField;
  readonly match: TextMatch;
}

/** A whole text, or one with wildcards: `*` is any number of characters, none included. */
export type TextMatch = { readonly text: string } | { readonly pattern: string };

export type Comparison = '=' | '<' | '<=' | '>' | '>=';

/** Milliseconds since 1970, or before whenever it is asked. */
export type PointInTime = { readonly atMs: number } | { readonly agoMs: number };

/** The point in time, in milliseconds since 1970. */
export const momentOf = (time: PointInTime, nowMs: number): number =>
  'atMs' in time ? time.atMs : nowMs - time.agoMs;
