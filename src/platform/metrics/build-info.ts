import { makeGaugeProvider, getToken } from '@willsoto/nestjs-prometheus';
import type { Provider } from '@nestjs/common';
import type { Gauge } from 'prom-client';
import { version } from '../../core/process/index.js';

const INFO = 'gleaner_build_info';
const TOLD = Symbol('build info');

/** What runs, as labels of a 1: to be joined with other metrics, and to see a release being rolled out. */
export const buildInfoProviders = (mode: string): Provider[] => [
  makeGaugeProvider({
    name: INFO,
    help: 'Always 1; its labels tell the release, the mode and the Node.js of this process',
    labelNames: ['version', 'mode', 'node'],
  }),
  {
    provide: TOLD,
    inject: [getToken(INFO)],
    useFactory: (info: Gauge) => info.set({ version, mode, node: process.version }, 1),
  },
];
