import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const DEPCRUISE = join(ROOT, 'node_modules/.bin/depcruise');

type Files = Readonly<Record<string, string>>;

/** A small application in the layout of `src`, which keeps every rule. */
const CLEAN: Files = {
  'package.json': '{ "type": "module", "dependencies": { "kept": "1" }, "devDependencies": { "tool": "1" } }',
  ...installed('kept', 'tool', 'undeclared'),
  'src/main.ts': `import { start } from './app/start.js';\nstart();`,
  'src/app/start.ts': `
    import { Quotes } from '../features/quotes/index.js';
    import { Alerting } from '../platform/alerting/index.js';
    import { Health } from '../operations/health/index.js';
    export const start = () => [Quotes, Alerting, Health];`,
  'src/core/errors/index.ts': `export { Failure } from './failure.js';`,
  'src/core/errors/failure.ts': `export class Failure {}`,
  'src/core/config/index.ts': `export { load } from './load.js';`,
  'src/core/config/load.ts': `import { Failure } from '../errors/index.js';\nexport const load = () => new Failure();`,
  'src/platform/queues/index.ts': `export { Queue } from './queue.js';`,
  'src/platform/queues/queue.ts': `import { load } from '../../core/config/index.js';\nexport const Queue = load;`,
  'src/platform/alerting/index.ts': `export { Alerting } from './alerting.js';`,
  'src/platform/alerting/alerting.ts': `export class Alerting {}`,
  'src/features/quotes/index.ts': `export { Quotes } from './reading/quotes.js';`,
  'src/features/quotes/reading/quotes.ts': `
    import 'kept';
    import { Queue } from '../../../platform/queues/index.js';
    import { Quote } from '../entities/quote.js';
    export const Quotes = [Queue, Quote];`,
  'src/features/quotes/reading/quotes.spec.ts': `import 'tool';\nimport { Quotes } from './quotes.js';\nQuotes;`,
  'src/features/quotes/entities/quote.ts': `export class Quote {}`,
  'src/operations/health/index.ts': `export { Health } from './health.js';`,
  'src/operations/health/health.ts': `import { Quotes } from '../../features/quotes/index.js';\nexport const Health = Quotes;`,
  'src/operations/control/index.ts': `export { Control } from './control.js';`,
  'src/operations/control/control.ts': `export class Control {}`,
};

/** Each violation in a file of its own, which nothing imports: that keeps one from causing another. */
const PLANTED: readonly (readonly [what: string, file: string, target: string, rules: readonly string[]])[] =
  [
    ['from core up to a feature', 'core/errors/a.ts', 'features/quotes/index', ['no-import-above-core']],
    ['from core up to the platform', 'core/errors/b.ts', 'platform/queues/index', ['no-import-above-core']],
    [
      'from the platform up to a feature',
      'platform/queues/a.ts',
      'features/quotes/index',
      ['no-import-above-platform'],
    ],
    [
      'from a feature up to operations',
      'features/quotes/a.ts',
      'operations/health/index',
      ['no-import-above-features'],
    ],
    ['from operations up to app', 'operations/control/a.ts', 'app/start', ['no-import-above-operations']],
    ['past a front door', 'features/quotes/b.ts', 'core/errors/failure', ['front-door']],
    ['past the front door of a sibling', 'core/config/a.ts', 'core/errors/failure', ['front-door']],
    ['past a front door, by a spec', 'features/quotes/b.spec.ts', 'core/errors/failure', ['front-door']],
    ['past a front door, by app', 'app/a.ts', 'core/errors/failure', ['front-door-from-app']],
    ['past a front door, by main', 'a.ts', 'core/errors/failure', ['front-door-from-app']],
    ['of a module’s own index', 'features/quotes/c.ts', 'features/quotes/index', ['not-own-index']],
    [
      'of alerting by a feature',
      'features/quotes/d.ts',
      'platform/alerting/index',
      ['nobody-imports-alerting'],
    ],
    [
      'of alerting by a neighbour',
      'platform/queues/b.ts',
      'platform/alerting/index',
      ['nobody-imports-alerting'],
    ],
    [
      'of one part of operations by another',
      'operations/control/b.ts',
      'operations/health/index',
      ['operations-are-separate'],
    ],
    ['of what is only there for development', 'core/errors/c.ts', 'tool', ['no-dev-dependencies']],
    ['of what is installed by chance', 'core/errors/d.ts', 'undeclared', ['no-dev-dependencies']],
  ];

/** Circles, of which the program reports one end, whichever it comes to first. */
const CIRCLES: readonly (readonly [what: string, content: string, files: readonly [string, string]])[] = [
  ['of values', `import './OTHER.js';`, ['one', 'two']],
  ['of types', `import type { T } from './OTHER.js';\nexport type { T };`, ['three', 'four']],
];

function installed(...names: string[]): Files {
  return Object.fromEntries(
    names.flatMap((name) => [
      [`node_modules/${name}/package.json`, `{ "name": "${name}", "version": "1.0.0" }`],
      [`node_modules/${name}/index.js`, 'module.exports = 1;'],
    ]),
  );
}

function plantedFiles(): Files {
  const imports = PLANTED.map(([, file, target]) => {
    const up = '../'.repeat(file.split('/').length - 1) || './';
    return [`src/${file}`, `import '${target.includes('/') ? `${up}${target}.js` : target}';`];
  });
  const circles = CIRCLES.flatMap(([, content, [one, other]]) => [
    [`src/features/quotes/${one}.ts`, content.replace('OTHER', other)],
    [`src/features/quotes/${other}.ts`, content.replace('OTHER', one)],
  ]);
  return Object.fromEntries([...imports, ...circles]) as Files;
}

interface Verdict {
  status: number;
  output: string;
  /** The rules that each file broke. */
  broken: Map<string, string[]>;
}

/** What `npm run lint` says of a tree with these files. */
async function cruise(files: Files): Promise<Verdict> {
  const tree = await mkdtemp(join(tmpdir(), 'gleaner-rules-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), content);
    }
    for (const file of ['tsconfig.json', '.dependency-cruiser.cjs'])
      await copyFile(join(ROOT, file), join(tree, file));
    const { status, output } = await run(DEPCRUISE, ['--config', '.dependency-cruiser.cjs', 'src'], tree);
    const found = [...output.matchAll(/^\s*error ([\w-]+): (\S+)/gm)];
    const broken = Map.groupBy(found, ([, , file = '']) => file);
    return {
      status,
      output,
      broken: new Map([...broken].map(([file, lines]) => [file, lines.map(([, rule = '']) => rule)])),
    };
  } finally {
    await rm(tree, { recursive: true });
  }
}

function run(file: string, args: string[], cwd: string): Promise<{ status: number; output: string }> {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
  return new Promise((done) => {
    execFile(file, args, { cwd, env }, (error, stdout, stderr) => {
      done({ status: error ? Number(error.code) : 0, output: stdout + stderr });
    });
  });
}

describe('a tree that keeps the rules', () => {
  it('passes, with what only specs use of development', async () => {
    const { status, output } = await cruise(CLEAN);
    expect(output).toContain('no dependency violations found');
    expect(status).toBe(0);
  });
});

describe('the rules refuse an import', () => {
  let verdict: Verdict;
  beforeAll(async () => {
    verdict = await cruise({ ...CLEAN, ...plantedFiles() });
  });

  it.each(PLANTED)('%s', (_, file, __, rules) => {
    expect(verdict.broken.get(`src/${file}`), verdict.output).toEqual(rules);
  });

  it.each(CIRCLES)('in a circle %s', (_, __, files) => {
    const rules = files.map((file) => verdict.broken.get(`src/features/quotes/${file}.ts`) ?? []);
    expect(rules.flat(), verdict.output).toEqual(['no-circular']);
  });

  it('with a status that fails the build: one for each violation, and none beyond the planted ones', () => {
    const clean = [...verdict.broken.keys()].filter((file) => file in CLEAN);
    expect(clean).toEqual([]);
    expect(verdict.status, verdict.output).toBe([...verdict.broken.values()].flat().length);
    expect(verdict.status).toBeGreaterThan(0);
  });
});
