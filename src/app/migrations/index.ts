import { InitialSchema1763683200000 } from './1763683200000-initial-schema.js';
import { ApiKeys1763690000000 } from './1763690000000-api-keys.js';
import { BoundedReads1763700000000 } from './1763700000000-bounded-reads.js';
import { DeclaredSources1763710000000 } from './1763710000000-declared-sources.js';
import { SourceFiles1763712000000 } from './1763712000000-source-files.js';
import { Schedules1763720000000 } from './1763720000000-schedules.js';
import { Beat1763720100000 } from './1763720100000-beat.js';
import { Records1763730000000 } from './1763730000000-records.js';
import { Frontier1763740000000 } from './1763740000000-frontier.js';
import { SourceSchedules1763750000000 } from './1763750000000-source-schedules.js';
import { Tasks1763760000000 } from './1763760000000-tasks.js';
import { UnrepeatedDeadLetters1763765000000 } from './1763765000000-unrepeated-dead-letters.js';
import { RunCorrelation1763766000000 } from './1763766000000-run-correlation.js';
import { Alerts1763770000000 } from './1763770000000-alerts.js';

/** In the order in which they are applied. */
export const migrations = [
  InitialSchema1763683200000,
  ApiKeys1763690000000,
  BoundedReads1763700000000,
  DeclaredSources1763710000000,
  SourceFiles1763712000000,
  Schedules1763720000000,
  Beat1763720100000,
  Records1763730000000,
  Frontier1763740000000,
  SourceSchedules1763750000000,
  Tasks1763760000000,
  UnrepeatedDeadLetters1763765000000,
  RunCorrelation1763766000000,
  Alerts1763770000000,
];
