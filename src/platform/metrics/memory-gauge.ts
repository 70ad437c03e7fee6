import { getToken, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Provider } from '@nestjs/common';
import type { Gauge } from 'prom-client';
import { memoryUse } from '../../core/process/index.js';

const USED = 'gleaner_memory_used_ratio';
const READ = Symbol('memory gauge');

/** As the probe of the memory sees it: 1 is the end of the process. */
export const memoryGaugeProviders: Provider[] = [
  makeGaugeProvider({
    name: USED,
    help: 'Part of the memory that this process may take that it takes: of the limit of its container, or else of the machine',
  }),
  {
    provide: READ,
    inject: [getToken(USED)],
    useFactory: (used: Gauge) =>
      Object.assign(used, {
        collect(): void {
          const { rssBytes, limitBytes } = memoryUse();
          used.set(rssBytes / limitBytes);
        },
      }),
  },
];
