/**
 * node scripts/bootstrap.mjs <demo|test|bench> [...arguments]
 *
 * From a fresh clone to a running command, with nothing but Node 20 or newer:
 * 1. installs the locked dependencies, unless they are installed already;
 * 2. finds a Node that runs the project: the one that npm installed, else this one when it is new enough;
 * 3. runs scripts/<command>.ts with it, passes signals on, and ends as that ends.
 *
 * Plain JavaScript, node: modules only: it runs before anything is installed, on an older Node.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMMANDS = ['demo', 'test', 'bench'];
const OLDEST_TO_BOOTSTRAP = [20, 0];
/** As `engines.node` in package.json. */
const OLDEST_TO_RUN = [22, 19];

const EXIT_USAGE = 64;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Longer than it takes npm to pass a signal on, shorter than a person takes to press Ctrl-C twice. */
const ONE_SIGNAL_MS = 200;

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');
const bin = join(modules, '.bin');
const stampFile = join(modules, '.gleaner-installed');

const [command, ...rest] = process.argv.slice(2);
if (!COMMANDS.includes(command)) {
  console.error(`usage: node scripts/bootstrap.mjs <${COMMANDS.join('|')}> [...arguments]`);
  process.exit(EXIT_USAGE);
}
if (!isAtLeast(process.versions.node, OLDEST_TO_BOOTSTRAP)) {
  fail(`Node ${OLDEST_TO_BOOTSTRAP[0]} or newer is needed to begin; this is ${process.version}.`);
}
await installDependencies();
await runCommand(findNode());

async function installDependencies() {
  const wanted = fingerprint();
  if (readIfThere(stampFile) === wanted) return;
  console.error('Installing the locked dependencies (npm ci) …');
  // --include=dev: NODE_ENV=production would leave out what the demo and the tests need.
  // --loglevel=error: on Node 20 npm warns about every package made for 22; those run on the Node it installs.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, signal, error } = await run('npm', args, { stdio: 'inherit' });
  if (signal) endBy(signal);
  else if (error) fail(`npm cannot be run: ${error.message}. It comes with Node.`);
  else if (code !== 0) fail('npm ci failed (see above): nothing was run.');
  else writeFileSync(stampFile, wanted);
}

/** What an installation depends on: the locked versions, and which packages may run their install scripts. */
function fingerprint() {
  const { allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(JSON.stringify(allowScripts)).digest('hex');
}

function findNode() {
  const installed = join(bin, 'node');
  for (const node of [installed, process.execPath]) {
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    if (stdout && isAtLeast(stdout.trim().slice(1), OLDEST_TO_RUN)) return node;
  }
  return fail(
    `Node ${OLDEST_TO_RUN.join('.')} or newer is needed; this is ${process.version}, and ${installed} does not run: ` +
      'npm did not run the install script that fetches it (ignore-scripts?). ' +
      'Run `npm rebuild --ignore-scripts=false node`, or use a newer Node.',
  );
}

async function runCommand(node) {
  const { code, signal, error } = await run(
    node,
    [
      '--disable-warning=ExperimentalWarning',
      `--import=${new URL('follow-parent.mjs', import.meta.url)}`,
      join(root, 'scripts', `${command}.ts`),
      ...rest,
    ],
    { stdio: ['inherit', 'inherit', 'inherit', 'pipe'] },
  );
  if (signal) endBy(signal);
  else if (error) fail(`${node} cannot be run: ${error.message}.`);
  else process.exitCode = code;
}

/**
 * Runs a program to its end, handing it every signal exactly once.
 *
 * Ctrl-C reaches each process of the terminal's foreground group, and npm hands it on to its child as well, while
 * `kill` reaches one process only. A program that takes a second SIGINT for "stop now" must not hear one Ctrl-C
 * twice. So it runs in a session of its own, where only we signal it, and equal signals that come together are one.
 */
function run(program, args, options) {
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    GLEANER_FOLLOWS: process.pid,
  };
  const child = spawn(program, args, { cwd: root, env, detached: true, ...options });
  const lastSent = new Map();
  const forward = (signal) => {
    const now = performance.now();
    if (now - (lastSent.get(signal) ?? -Infinity) < ONE_SIGNAL_MS) return;
    lastSent.set(signal, now);
    child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  }).finally(() => {
    for (const signal of SIGNALS) process.off(signal, forward);
  });
}

/** Dies of the same signal as the child, so that a shell or npm sees what happened. */
function endBy(signal) {
  process.kill(process.pid, signal);
}

function isAtLeast(version, [major, minor]) {
  const [itsMajor, itsMinor] = version.split('.').map(Number);
  return itsMajor > major || (itsMajor === major && itsMinor >= minor);
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
