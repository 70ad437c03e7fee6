/** `app` has all lines, `tasks` what happens to tasks and what handlers say, `scraping` what is said of runs. */
export const LOG_FILES = ['app', 'tasks', 'scraping'] as const;
export type LogFile = (typeof LOG_FILES)[number];

/** How the thread that writes tells of what it could not write. */
export const FAILED = 'log-write-failed';

/** @param reason e.g. `ENOSPC`. */
export type Failed = (file: LogFile, lines: number, reason: string) => void;
