import { existsSync, readFileSync } from 'node:fs';
import { messageOf } from '../errors/index.js';
import { type ConfigOf, type ConfigSlice, declaredSlices, type Setting } from './slice.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting as people may see it. */
interface ShownSetting {
  /** Name in the environment. */
  name: string;
  /** As it applies, converted; `null` when it is not set and has no default. */
  value: unknown;
  about: string;
}

/** The validated values of every declared slice. */
export class Config {
  constructor(private readonly values: ReadonlyMap<ConfigSlice, object>) {}

  /** Those that were loaded: of a command, only what it needs. */
  get slices(): readonly ConfigSlice[] {
    return [...this.values.keys()];
  }

  get<C extends ConfigSlice>(slice: C): ConfigOf<C> {
    const values = this.values.get(slice);
    if (!values) throw new Error(`configuration slice "${slice.name}" was not declared before boot`);
    return values as ConfigOf<C>;
  }

  /** All settings for people to see, sorted by name; of a secret only that it is set. */
  shown(): ShownSetting[] {
    const settings = [...this.values].flatMap(([slice, values]) =>
      Object.entries(slice.settings).map(([key, { env, about, secret }]) => {
        const value = (values as Record<string, unknown>)[key] ?? null;
        return { name: env, value: secret && value !== null ? '[redacted]' : value, about };
      }),
    );
    return settings.sort((a, b) => a.name.localeCompare(b.name));
  }
}

/** Thrown when the environment, or a file that it names, is not valid: one message with every fault. The process should exit with 78. */
export class InvalidConfigError extends Error {
  /** `EX_CONFIG` of sysexits.h: restarting will not help, somebody has to change the configuration. */
  static readonly exitCode = 78;

  constructor(
    readonly faults: readonly string[],
    remedy = 'Set these environment variables (see .env.example) and start again.',
  ) {
    super(
      [
        `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:`,
        ...faults.map((fault) => `  ${fault}`),
        remedy,
      ].join('\n'),
    );
    this.name = 'InvalidConfigError';
  }
}

/**
 * Validates slices, by default every declared one, against the environment.
 * @throws InvalidConfigError listing all faults of all slices at once; secrets are never printed.
 */
export function loadConfig(env: Environment, slices: readonly ConfigSlice[] = declaredSlices()): Config {
  const faults: string[] = [];
  const values = new Map<ConfigSlice, object>();
  for (const slice of slices) {
    const resolved: Record<string, unknown> = {};
    for (const [key, setting] of Object.entries(slice.settings)) {
      const raw = rawValue(env, setting, faults);
      const parsed = setting.schema.safeParse(raw);
      if (parsed.success) resolved[key] = parsed.data;
      else faults.push(describeFault(setting, raw, parsed.error.issues[0]?.message ?? 'not valid'));
    }
    values.set(slice, resolved);
  }
  if (faults.length > 0) throw new InvalidConfigError(faults);
  return new Config(values);
}

/** A file named by NAME_FILE holds a secret in place of NAME, as container platforms hand them out. */
const MAX_SECRET_BYTES = 65_536;

function rawValue(env: Environment, { env: name, secret }: Setting, faults: string[]): string | undefined {
  // An empty variable means "unset": that is how compose files and .env templates leave things out.
  const raw = env[name] === '' ? undefined : env[name];
  const file = secret ? env[`${name}_FILE`] : undefined;
  if (file === undefined || file === '') return raw;
  if (raw !== undefined) faults.push(`${name}_FILE: expected not to be set, for ${name} is set as well`);
  try {
    // Editors end the last line, which is no part of the secret.
    return readFileSync(file, 'utf8')
      .slice(0, MAX_SECRET_BYTES)
      .replace(/\r?\n$/, '');
  } catch (error) {
    faults.push(`${name}_FILE: expected a file that can be read, got "${file}" (${messageOf(error)})`);
    return raw;
  }
}

function describeFault(setting: Setting, raw: string | undefined, expected: string): string {
  const got =
    raw === undefined
      ? 'it is not set'
      : setting.secret
        ? 'got a value not shown here'
        : `got "${raw.slice(0, 100)}"`;
  return `${setting.env}: ${expected}, ${got} (${setting.about})`;
}

/** The process's environment; an `.env` file in the working directory fills what is not set. */
export function processEnvironment(): Environment {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}
