import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Tells this process from all others that there are or were: in containers host and process id come again. */
export const instanceId = `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;
