import type { ServerUser } from './server-user.ts';

/** To the keeper, one JSON line each: start this server. The end of the stream means: stop them all and leave. */
export interface ServerCommand {
  name: string;
  command: string;
  args: string[];
  /** Undefined: the user of the caller. */
  user: ServerUser | undefined;
  logFile: string;
  /** PostgreSQL: SIGINT, a "fast shutdown" that does not wait for clients. Redis: SIGTERM. */
  stopSignal: NodeJS.Signals;
  /** A text that its command line shows while it runs, by which an orphan is recognised. */
  title: string;
}

/** From the keeper, one JSON line each. */
export type KeeperMessage =
  { type: 'locked' } | { type: 'busy'; pid: number } | { type: 'exited'; name: string; how: string };
