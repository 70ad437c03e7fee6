import { z } from 'zod';
import { type ConfigOf, defineConfig, setting } from '../../core/config/index.js';

export const sourcesConfig = defineConfig('sources', {
  directory: setting(
    'SOURCES_DIR',
    z.string().optional(),
    'directory whose *.yaml, *.yml and *.json files declare sources, the same for all processes; none by default',
  ),
});

export type SourcesConfig = ConfigOf<typeof sourcesConfig>;
