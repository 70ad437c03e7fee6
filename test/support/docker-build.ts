/**
 * Carries out a Dockerfile without Docker: each stage in a folder of its own, RUN with the Node of the tests.
 *
 * It knows the instructions that docker/Dockerfile uses, and refuses any other: a step that it only skipped would be a
 * step that nobody has tried. What it cannot show is the base image itself, so it checks no more of that than the
 * version of Node.
 */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readFile, stat, symlink } from 'node:fs/promises';
import { basename, delimiter, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { contextFilter } from './docker-ignore.js';
import {
  execForm,
  healthCheckCommand,
  type Instruction,
  pairs,
  parseDockerfile,
  type Stage,
} from './dockerfile.js';

/** A stage after its instructions: its files, and how a container is started from them. */
export interface Image {
  /** The folder that stands for `/`. */
  root: string;
  workdir: string;
  env: Record<string, string>;
  labels: Record<string, string>;
  user: string;
  command: string[];
  healthCheck: string[];
}

interface Build {
  context: string;
  inContext: (path: string) => boolean;
  stages: Map<string, Image>;
  /** What the machine contributes to RUN: where programs are, and how npm reaches its registry. */
  machine: Record<string, string>;
}

type Step = (image: Image, instruction: Instruction, build: Build) => void | Promise<void>;

/**
 * @param context the folder that `docker build` is given.
 * @param scratch an empty folder outside of the context; inside, Node would find the context's own node_modules.
 * @returns the last stage.
 */
export async function buildImage(dockerfile: string, context: string, scratch: string): Promise<Image> {
  if (!relative(context, scratch).startsWith('..')) throw new Error(`${scratch} is inside of the context`);
  const build: Build = {
    context,
    inContext: contextFilter(await readFile(join(context, '.dockerignore'), 'utf8')),
    stages: new Map(),
    machine: await machineEnvironment(context, scratch),
  };
  let image: Image | undefined;
  for (const stage of parseDockerfile(dockerfile)) {
    image = await startStage(stage, join(scratch, stage.name), build);
    for (const instruction of stage.instructions) await carryOut(image, instruction, build);
    build.stages.set(stage.name, image);
  }
  if (!image) throw new Error('the Dockerfile has no stage');
  return image;
}

async function startStage(stage: Stage, root: string, build: Build): Promise<Image> {
  const parent = build.stages.get(stage.from);
  if (parent) {
    await cp(parent.root, root, { recursive: true, verbatimSymlinks: true });
    return { ...parent, env: { ...parent.env }, labels: { ...parent.labels }, root };
  }
  const major = process.versions.node.split('.')[0];
  if (!stage.from.startsWith(`node:${major}-`)) {
    throw new Error(`the base image is ${stage.from}, but the tests run on Node ${process.versions.node}`);
  }
  await mkdir(root);
  return {
    root,
    workdir: '/',
    env: { PATH: build.machine.PATH! },
    labels: {},
    user: 'root',
    command: ['node'],
    healthCheck: [],
  };
}

async function carryOut(image: Image, instruction: Instruction, build: Build): Promise<void> {
  const step = steps[instruction.name];
  if (!step) throw new Error(`the tests do not know the instruction ${instruction.name}`);
  const unknown = Object.keys(instruction.flags).filter((flag) => !step.flags.includes(flag));
  if (unknown.length > 0)
    throw new Error(`the tests do not know ${instruction.name} --${unknown.join(' --')}`);
  await step.run(image, instruction, build);
}

const steps: Readonly<Record<string, { flags: readonly string[]; run: Step }>> = {
  WORKDIR: {
    flags: [],
    run: async (image, { rest }) => {
      image.workdir = resolve(image.workdir, rest);
      await mkdir(join(image.root, image.workdir), { recursive: true });
    },
  },
  COPY: { flags: ['from', 'chmod'], run: copy },
  RUN: { flags: ['mount'], run },
  ENV: { flags: [], run: (image, { rest }) => void Object.assign(image.env, pairs(rest)) },
  // Neither changes a file or the environment of the container: ours fills a label, and tells a reader the port.
  ARG: { flags: [], run: () => {} },
  EXPOSE: { flags: [], run: () => {} },
  LABEL: { flags: [], run: (image, { rest }) => void Object.assign(image.labels, pairs(rest)) },
  USER: { flags: [], run: (image, { rest }) => void (image.user = rest) },
  HEALTHCHECK: {
    flags: ['interval', 'timeout', 'start-period', 'retries'],
    run: (image, instruction) => void (image.healthCheck = healthCheckCommand(instruction)),
  },
  CMD: { flags: [], run: (image, { rest }) => void (image.command = execForm(rest)) },
};

async function copy(image: Image, { flags, rest }: Instruction, build: Build): Promise<void> {
  const paths = rest.split(/\s+/);
  const target = paths.pop()!;
  const destination = join(image.root, resolve(image.workdir, target));
  const stage = flags.from ? build.stages.get(flags.from) : undefined;
  if (flags.from && !stage) throw new Error(`COPY --from=${flags.from}: there is no such stage before`);
  for (const path of paths) {
    const source = stage ? join(stage.root, path) : join(build.context, path);
    if (!stage && !build.inContext(path)) throw new Error(`COPY ${path}: .dockerignore keeps it out`);
    const isFolder = (await stat(source)).isDirectory();
    // As Docker does it: the contents of a folder, but a file under its own name when the target ends in a slash.
    const to = !isFolder && target.endsWith('/') ? join(destination, basename(path)) : destination;
    await cp(source, to, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (from) => stage !== undefined || build.inContext(relative(build.context, from)),
    });
    if (flags.chmod && !isFolder) await chmod(to, Number.parseInt(flags.chmod, 8));
  }
}

async function run(image: Image, { flags, rest }: Instruction, build: Build): Promise<void> {
  // npm has a cache of its own on the machine that runs the tests: it stands for the mounted one.
  if (flags.mount?.startsWith('type=cache,') === false)
    throw new Error(`RUN --mount=${flags.mount} is not known`);
  // The umask of Docker, whatever that of the person is who runs the tests.
  await promisify(execFile)('sh', ['-ec', `umask 022; ${rest}`], {
    cwd: join(image.root, image.workdir),
    env: { ...build.machine, ...image.env },
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** Nothing that only the repository or the test runner has: no .bin of its own, no NODE_ENV, no options of npm. */
async function machineEnvironment(context: string, scratch: string): Promise<Record<string, string>> {
  const bin = join(scratch, 'bin');
  await mkdir(bin);
  await symlink(process.execPath, join(bin, 'node'));
  const outside = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => relative(context, folder).startsWith('..'));
  const network =
    /^(HOME|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|npm_config_(registry|cache|userconfig))$/i;
  const kept = Object.entries(process.env).filter(([name]) => network.test(name)) as [string, string][];
  return { ...Object.fromEntries(kept), PATH: [bin, ...outside].join(delimiter) };
}
