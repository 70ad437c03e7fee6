import { createRequire } from 'node:module';

// Beside `src` as beside `dist`.
const manifest = createRequire(import.meta.url)('../../../package.json') as { version: string };

/** The release that this process is of. */
export const { version } = manifest;
