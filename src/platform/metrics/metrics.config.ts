import { z } from 'zod';
import { type ConfigOf, defineConfig, setting, wholeNumber } from '../../core/config/index.js';

export const metricsConfig = defineConfig('metrics', {
  port: setting(
    'METRICS_PORT',
    wholeNumber(0, 65_535).optional(),
    'port on which /metrics is, and nothing else; 0 takes any free one. Unless set it is at PORT, with everything else',
  ),
  host: setting(
    'METRICS_HOST',
    z.string().default('127.0.0.1'),
    'address to listen on for METRICS_PORT; 0.0.0.0 in a container',
  ),
  token: setting(
    'METRICS_TOKEN',
    z
      .string()
      .regex(/^[\w\-.~+/]{16,}=*$/, 'expected at least 16 letters, digits and - . _ ~ + /')
      .optional(),
    'what /metrics asks for as "Authorization: Bearer"; unless set it asks for nothing',
    { secret: true },
  ),
});

export type MetricsConfig = ConfigOf<typeof metricsConfig>;
