import { hostname } from 'node:os';

/** Tells this process from others, as `instance` does in the log. */
export const processId = `${hostname()}:${process.pid}`;
