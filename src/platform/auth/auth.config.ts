import { type ConfigOf, defineConfig, flag, setting } from '../../core/config/index.js';

export const authConfig = defineConfig('auth', {
  publicReads: setting(
    'API_PUBLIC_READS',
    flag().default(true),
    'whether reading needs no key; if it does, shared caches are told not to keep answers',
  ),
});

export type AuthConfig = ConfigOf<typeof authConfig>;
