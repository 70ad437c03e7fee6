import { z } from 'zod';

/** Commands that are kept for one worker. It takes them at once, unless it is frozen or dead. */
export const MAX_WAITING = 100;
/** The longest that whoever sends a command waits for replies. */
export const MAX_TIMEOUT_MS = 60_000;
/** Replies are read at once; what comes later is not wanted any more. */
export const REPLIES_KEPT_MS = MAX_TIMEOUT_MS + 10_000;

/** Where the two ends meet in Redis. */
export const channelKeys = (prefix: string) => ({
  /** Stream of the ids of commands for one worker. */
  inbox: (workerId: string) => `${prefix}:worker-inbox:${workerId}`,
  /** What the command is (JSON); gone when its time is over. */
  command: (id: string) => `${prefix}:worker-command:${id}`,
  /** A profile that was asked for, as JSON packed by gzip. */
  profile: (id: string) => `${prefix}:worker-profile:${id}`,
  /** List of replies (JSON). */
  replies: (id: string) => `${prefix}:worker-replies:${id}`,
});

/** Why a worker did not do what it was told; `code` as of a GleanerError. */
const replyErrorSchema = z.object({ code: z.string(), message: z.string() });

export const replySchema = z.discriminatedUnion('ok', [
  z.object({ workerId: z.string(), ok: z.literal(true), result: z.unknown() }),
  z.object({ workerId: z.string(), ok: z.literal(false), error: replyErrorSchema }),
]);

export type RawReply = z.output<typeof replySchema>;

/** What one worker made of a command. */
export type WorkerReply<R> =
  | { readonly workerId: string; readonly ok: true; readonly result: R }
  | { readonly workerId: string; readonly ok: false; readonly error: z.output<typeof replyErrorSchema> };
