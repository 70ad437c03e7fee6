import { defineConfig } from 'vitest/config';

const services = { globalSetup: ['test/support/services.setup.ts'] };

export default defineConfig({
  test: {
    // Two cores are what the smallest machine has; more files at once only make each other slow.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'src/**/*.spec.ts',
            'scripts/**/*.spec.ts',
            'test/fixtures/**/*.spec.ts',
            'test/rules/**/*.spec.ts',
          ],
        },
      },
      { extends: true, test: { name: 'e2e', include: ['test/e2e/**/*.e2e-spec.ts'], ...services } },
      { extends: true, test: { name: 'faults', include: ['test/faults/**/*.e2e-spec.ts'], ...services } },
      { extends: true, test: { name: 'boot', include: ['test/boot/**/*.e2e-spec.ts'], ...services } },
    ],
  },
});
