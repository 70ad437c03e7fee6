import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface ComposeService {
  image: string;
  build?: { context: string; dockerfile: string };
  command?: string[];
  environment: Record<string, string | number>;
  env_file?: string;
  ports?: string[];
  volumes?: string[];
  /** Those that are only started when one of them is asked for. */
  profiles?: string[];
  secrets?: string[];
  tmpfs?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
  stop_grace_period?: string;
  mem_limit?: string;
  networks?: string[];
  restart?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
}

/** A `${NAME:-default}` or `${NAME:?message}` of the file. */
export interface Interpolation {
  name: string;
  /** What the application of Compose puts in when the variable is unset; `undefined` when it refuses to go on. */
  fallback?: string;
}

/** docker/compose.yaml with its anchors merged, but its variables as they are written. */
export function readCompose(): {
  services: Record<string, ComposeService>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
} {
  const file = parse(text(), { merge: true }) as ReturnType<typeof readCompose>;
  for (const service of Object.values(file.services)) service.environment ??= {};
  return file;
}

/** Every variable that the file takes from `.env`, once each. */
export function interpolations(): Interpolation[] {
  // `$$` is a dollar sign for the container. A form that this does not know is kept whole, and no name of a variable.
  const found = [
    ...text()
      .replaceAll('$$', '')
      .matchAll(/\$(?:\{([A-Z_]+):(?:\?[^}]+|-([^}]*))\}|\S*)/g),
  ];
  const named = found.map(
    ([whole, name, fallback]) => [name ?? whole, { name: name ?? whole, fallback }] as const,
  );
  return [...new Map(named).values()];
}

/** `35s` or `1m` in milliseconds. */
export function milliseconds(duration: string): number {
  const [, amount, unit] = /^(\d+)(s|m)$/.exec(duration) ?? [];
  if (!amount) throw new Error(`expected a duration such as 35s or 1m, got ${duration}`);
  return Number(amount) * (unit === 'm' ? 60_000 : 1000);
}

function text(): string {
  return readFileSync(new URL('../../docker/compose.yaml', import.meta.url), 'utf8');
}
