import 'reflect-metadata';
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { appConfig } from '../../src/app/app.config.js';
import { MODES } from '../../src/app/modes.js';
// What main.ts loads: every slice is declared by this.
import '../../src/app/start.js';
import { declaredSlices, loadConfig } from '../../src/core/config/index.js';
import { HealthController } from '../../src/operations/health/health.controller.js';
import { type ComposeService, interpolations, milliseconds, readCompose } from '../support/compose-file.js';
import {
  execForm,
  healthCheckCommand,
  onlyInstruction,
  pairs,
  parseDockerfile,
} from '../support/dockerfile.js';

const { services, volumes } = readCompose();
const every = Object.entries(services).map(([name, service]) => ({ name, service }));
const ours = every.filter(({ service }) => service.build);
/** Those that stay, each in a mode; the other one migrates. */
const running = ours.filter(({ name }) => name !== 'migrate');
const production = parseDockerfile(readFileSync('docker/Dockerfile', 'utf8')).at(-1)!;
const PASSWORD = /\$\{([A-Z]+_PASSWORD):\?[^}]+\}/;

describe('the image', () => {
  test('is started, and migrated, by programs that the build makes', () => {
    for (const command of [
      execForm(onlyInstruction(production, 'CMD').rest),
      services.migrate?.command ?? [],
    ]) {
      expect(command[0]).toBe('node');
      const source = command.at(-1)!.replace(/^dist\/(.+)\.js$/, 'src/$1.ts');
      expect(source).toMatch(/^src\//);
      expect(existsSync(source), source).toBe(true);
    }
  });

  test('listens where it says that it does', () => {
    const environment = pairs(onlyInstruction(production, 'ENV').rest);
    const { host, port } = loadConfig(environment, [appConfig]).get(appConfig);
    expect(host).toBe('0.0.0.0');
    expect(onlyInstruction(production, 'EXPOSE').rest).toBe(String(port));
  });

  test('asks for its health where the application answers', () => {
    const check = healthCheckCommand(onlyInstruction(production, 'HEALTHCHECK')).join(' ');
    const methods = Object.values(Object.getOwnPropertyDescriptors(HealthController.prototype));
    const routes = methods.map(({ value }) => `/${pathOf(HealthController)}/${pathOf(value as object)}`);
    expect(routes).toContain(/:\$\{process\.env\.PORT\}(\/[a-z/]+)/.exec(check)?.[1]);
  });
});

describe('our services', () => {
  test('are the modes of a distributed installation, each once, and the migration', () => {
    const distributed = new Set(MODES.filter((mode) => mode !== 'all'));
    expect(new Set(running.map(({ name }) => name))).toEqual(distributed);
    for (const { name, service } of running) expect(service.environment.MODE).toBe(name);
    expect(ours.map(({ service }) => service.build)).toEqual(
      ours.map(() => ({ context: '..', dockerfile: 'docker/Dockerfile' })),
    );
  });

  test.each(ours)('$name is given settings that the application knows', ({ service }) => {
    const declared = declaredSlices().flatMap((slice) => Object.values(slice.settings).map(({ env }) => env));
    expect(declared).toEqual(expect.arrayContaining(Object.keys(service.environment)));
  });

  test.each(ours)('$name gets a valid configuration, with .env.example as .env', ({ service }) => {
    const environment = parseEnv(readFileSync('.env.example', 'utf8'));
    for (const [name, value] of Object.entries(service.environment)) {
      environment[name] = String(value).replace(PASSWORD, 'c0ffee');
    }
    expect(() => loadConfig(environment)).not.toThrow();
    expect(service.env_file).toBe('../.env');
  });

  test('listen on the port that is published, on this machine only', () => {
    const published = every.flatMap(({ name, service }) =>
      (service.ports ?? []).map((port) => ({ name, port })),
    );
    const port = services.api?.environment.PORT;
    expect(published).toEqual([{ name: 'api', port: `127.0.0.1:\${GLEANER_PORT:-3000}:${port}` }]);
  });

  test.each(running)('$name starts when the stores are up and migrated', ({ service }) => {
    expect(service.depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
      migrate: { condition: 'service_completed_successfully' },
    });
  });

  test('migrate once a start, not again and again', () => {
    expect(services.migrate).toMatchObject({
      restart: 'no',
      depends_on: { postgres: { condition: 'service_healthy' } },
      healthcheck: { disable: true },
    });
  });

  test.each(running)('$name may take longer to stop than it allows itself', ({ service }) => {
    const { shutdownTimeoutMs } = loadConfig({}, [appConfig]).get(appConfig);
    expect(milliseconds(service.stop_grace_period ?? '10s')).toBeGreaterThan(shutdownTimeoutMs);
  });
});

describe('the stores', () => {
  test('Redis keeps every write, and refuses one rather than forget another', () => {
    const settings = redisSettings();
    expect(settings).toMatchObject({ appendonly: 'yes', 'maxmemory-policy': 'noeviction', dir: '/data' });
    const limits = [settings.maxmemory, services.redis?.mem_limit].map(
      (size) => /^(\d+)mb?$/.exec(size ?? '')?.[1],
    );
    expect(2 * Number(limits[0])).toBeLessThanOrEqual(Number(limits[1]));
  });

  test('keep their data in volumes, where their images look for it', () => {
    expect(services.postgres?.volumes).toEqual(['postgres:/var/lib/postgresql']);
    expect(services.redis?.volumes).toEqual(['redis:/data']);
    expect(Object.keys(volumes).sort()).toEqual(['postgres', 'redis']);
  });

  test.each(['postgres', 'redis'])('%s is asked whether it is healthy, for others wait for that', (name) => {
    expect(services[name]?.healthcheck?.test?.[0]).toBe('CMD');
  });
});

describe('secrets', () => {
  test('have no default', () => {
    const secrets = interpolations().filter(({ name }) => name.endsWith('_PASSWORD'));
    expect(secrets).toEqual([{ name: 'POSTGRES_PASSWORD' }, { name: 'REDIS_PASSWORD' }]);
    const names = declaredSlices().flatMap((slice) =>
      Object.values(slice.settings).filter(({ secret }) => secret),
    );
    const isSecret = (name: string): boolean =>
      names.some(({ env }) => env === name) || /PASSWORD|AUTH/.test(name);
    for (const { service } of every) {
      const given = Object.entries(service.environment).filter(([name]) => isSecret(name));
      for (const [name, value] of given) expect(String(value), name).toMatch(PASSWORD);
    }
  });

  test('are no arguments of a command, which every process of the machine could read', () => {
    for (const { name, service } of every) {
      const argumentsOf = [service.command, service.healthcheck?.test].flat().join(' ');
      expect(argumentsOf, name).not.toMatch(PASSWORD);
    }
    expect(redisSettings().requirepass).toBe('$$REDISCLI_AUTH');
  });
});

describe('every container', () => {
  test.each(every)(
    '$name can change nothing but its data, and cannot take the whole machine',
    ({ service }) => {
      expect(service).toMatchObject<Partial<ComposeService>>({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    },
  );
});

/** Where Nest's decorators say that a controller or one of its methods answers. */
function pathOf(target: object): string {
  return String(Reflect.getMetadata('path', target));
}

/** What Redis reads from its standard input. */
function redisSettings(): Record<string, string> {
  const [, settings] =
    /^exec redis-server - <<SETTINGS\n([^]*)SETTINGS\n$/.exec(services.redis?.command?.at(-1) ?? '') ?? [];
  const lines = (settings ?? '').trim().split('\n');
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0], line.split(' ').slice(1).join(' ')]));
}
