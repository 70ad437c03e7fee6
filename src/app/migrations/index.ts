import { InitialSchema1763683200000 } from './1763683200000-initial-schema.js';

/** In the order in which they are applied. */
export const migrations = [InitialSchema1763683200000];
