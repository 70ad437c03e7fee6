import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Tells this process from the others that there are; in the log it is `instance`. */
export const processId = `${hostname()}:${process.pid}`;

/** Tells it also from all that there were: in containers host and process id come again. */
export const instanceId = `${processId}:${randomBytes(3).toString('hex')}`;
