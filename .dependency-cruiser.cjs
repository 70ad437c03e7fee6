/**
 * The rules of docs/architecture.md that a program can check. Imports go app → operations → features → platform →
 * core, and into a module only through its index.ts.
 */
const TIERS = ['core', 'platform', 'features', 'operations', 'app'];

const upward = TIERS.slice(0, -1).map((tier, index) => ({
  name: `no-import-above-${tier}`,
  comment: `${tier} must not know what is built on it`,
  severity: 'error',
  from: { path: `^src/${tier}/` },
  to: { path: `^src/(${TIERS.slice(index + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...upward,
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'front-door',
      comment: 'other modules come in through index.ts',
      severity: 'error',
      from: { path: '^src/([^/]+)/([^/]+)/' },
      to: {
        path: '^src/(core|platform|features|operations)/[^/]+/',
        pathNot: ['^src/[^/]+/[^/]+/index\\.ts$', '^src/$1/$2/'],
      },
    },
    {
      name: 'front-door-from-app',
      comment: 'app, too, comes in through index.ts',
      severity: 'error',
      from: { path: '^src/(app/|[^/]+\\.ts$)' },
      to: {
        path: '^src/(core|platform|features|operations)/[^/]+/',
        pathNot: '^src/[^/]+/[^/]+/index\\.ts$',
      },
    },
    {
      name: 'not-own-index',
      comment: 'a module that imports its own front door goes in a circle',
      severity: 'error',
      from: { path: '^src/([^/]+)/([^/]+)/' },
      to: { path: '^src/$1/$2/index\\.ts$' },
    },
    {
      name: 'operations-are-separate',
      severity: 'error',
      from: { path: '^src/operations/([^/]+)/' },
      to: { path: '^src/operations/', pathNot: '^src/operations/$1/' },
    },
    {
      name: 'nobody-imports-alerting',
      comment:
        'alerting looks at what there is; nothing that it looks at, but only how it is operated, knows of it',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/app/', '^src/operations/', '^src/platform/alerting/'] },
      to: { path: '^src/platform/alerting/' },
    },
    {
      name: 'benchmarks-measure-from-outside',
      comment: 'what a benchmark must know of the inside is in bench/adapters',
      severity: 'error',
      from: { path: '^bench/', pathNot: '^bench/adapters/' },
      to: { path: '^src/' },
    },
    {
      name: 'nobody-imports-benchmarks',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^bench/' },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
