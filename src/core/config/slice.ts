import type { z } from 'zod';

/** One setting of a slice: its environment name, its schema (which holds default and bounds) and what it is for. */
export interface Setting<S extends z.ZodType = z.ZodType> {
  readonly env: string;
  readonly schema: S;
  /** One line for people: what it does, with its unit. */
  readonly about: string;
  /** A secret never appears in a message; a fault says only what was expected. */
  readonly secret: boolean;
}

type Settings = Readonly<Record<string, Setting>>;

/** A module's share of the configuration. `token` is what a constructor injects to receive the values. */
export interface ConfigSlice<T extends Settings = Settings> {
  readonly name: string;
  readonly token: symbol;
  readonly settings: T;
}

/** The validated values of a slice. */
export type ConfigOf<C extends ConfigSlice> = {
  readonly [K in keyof C['settings']]: z.output<C['settings'][K]['schema']>;
};

/** Every slice that the imported code declares; filled by {@link defineConfig}, read once at boot. */
const declared = new Map<string, ConfigSlice>();

/** Declares one setting. The schema receives the raw string, or `undefined` when the variable is unset or empty. */
export function setting<S extends z.ZodType>(
  env: string,
  schema: S,
  about: string,
  options: { secret?: boolean } = {},
): Setting<S> {
  return { env, schema, about, secret: options.secret ?? false };
}

/**
 * Declares a slice beside the module that owns it. Declaring decides nothing: values are read and validated
 * once, at boot, all slices together.
 * @throws Error when two slices share a name, because the second would silently shadow the first.
 */
export function defineConfig<T extends Settings>(name: string, settings: T): ConfigSlice<T> {
  if (declared.has(name)) throw new Error(`configuration slice "${name}" is declared twice`);
  const slice: ConfigSlice<T> = { name, token: Symbol(`config:${name}`), settings };
  declared.set(name, slice);
  return slice;
}

/** All declared slices, in the order of their declaration. */
export function declaredSlices(): readonly ConfigSlice[] {
  return [...declared.values()];
}
