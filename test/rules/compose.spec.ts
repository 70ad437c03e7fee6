import 'reflect-metadata';
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
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

const { services, volumes, secrets: secretFiles } = readCompose();
const every = Object.entries(services).map(([name, service]) => ({ name, service }));
const ours = every.filter(({ service }) => service.build);
/** Those that stay, each in a mode; the other one migrates. */
const running = ours.filter(({ name }) => name !== 'migrate');
/** Those of the profile `monitoring`. */
const monitoring = every.filter(({ service }) => service.profiles);
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
    const published = every
      .filter((one) => !monitoring.includes(one))
      .flatMap(({ name, service }) => (service.ports ?? []).map((port) => ({ name, port })));
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
    expect(Object.keys(volumes)).toEqual(expect.arrayContaining(['postgres', 'redis']));
  });

  test.each(['postgres', 'redis'])('%s is asked whether it is healthy, for others wait for that', (name) => {
    expect(services[name]?.healthcheck?.test?.[0]).toBe('CMD');
  });
});

describe('the monitoring', () => {
  test('is only started when it is asked for', () => {
    expect(monitoring.map(({ name }) => name)).toEqual(['prometheus', 'alertmanager', 'grafana']);
    for (const { service } of monitoring) expect(service.profiles).toEqual(['monitoring']);
  });

  test.each(monitoring)('$name is published on this machine only', ({ service }) => {
    expect(service.ports).toHaveLength(1);
    expect(service.ports?.[0]).toMatch(/^127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+$/);
  });

  test.each(monitoring)('$name is of one release, and cannot reach the stores', ({ service }) => {
    expect(service.image).toMatch(/:v?\d+\.\d+\.\d+$/);
    expect(service.networks).toEqual(['default']);
  });

  test.each(monitoring)('$name keeps its data in a volume, and reads files that there are', ({ service }) => {
    const [named, files] = [false, true].map((isFile) =>
      (service.volumes ?? []).filter((volume) => volume.startsWith('.') === isFile),
    );
    expect(named?.map((volume) => volume.split(':')[0])).toHaveLength(1);
    expect(Object.keys(volumes)).toContain(named?.[0]?.split(':')[0]);
    for (const file of files ?? []) {
      const [from = '', , how] = file.split(':');
      expect(existsSync(`docker/${from}`), from).toBe(true);
      expect(how).toBe('ro');
    }
  });

  test.each(monitoring)('$name is asked whether it is healthy', ({ service }) => {
    expect(service.healthcheck?.test?.slice(0, 2)).toEqual(['CMD', 'wget']);
  });

  test('asks for every mode, at the port at which it answers', () => {
    const configuration = readFileSync('docker/prometheus/prometheus.yml', 'utf8');
    const { scrape_configs: jobs } = parse(configuration) as {
      scrape_configs: {
        job_name: string;
        static_configs: { targets: string[] }[];
        dns_sd_configs?: { names: string[]; port: number }[];
      }[];
    };
    const gleaner = jobs.find(({ job_name: name }) => name === 'gleaner');
    const targets = [
      ...(gleaner?.static_configs ?? []).flatMap((given) => given.targets),
      ...(gleaner?.dns_sd_configs ?? []).flatMap(({ names, port }) => names.map((name) => `${name}:${port}`)),
    ];
    expect(targets.sort()).toEqual(
      running.map(({ name, service }) => `${name}:${service.environment.PORT}`).sort(),
    );
  });
});

describe('Grafana', () => {
  const provisioned = (file: string): unknown =>
    parse(readFileSync(`docker/grafana/provisioning/${file}.yml`, 'utf8'));

  test('asks services that there are, at the ports that they have', () => {
    const { datasources } = provisioned('datasources/prometheus') as { datasources: { url: string }[] };
    const ports = ['prometheus', 'alertmanager'].map(
      (name) => `http://${name}:${services[name]?.ports?.[0]?.split(':').at(-1)}`,
    );
    expect(datasources.map(({ url }) => url)).toEqual(ports);
  });

  test('finds the dashboards, and the runbooks that they link to', () => {
    const { providers } = provisioned('dashboards/gleaner') as { providers: { options: { path: string } }[] };
    const mounted = new Map(
      (services.grafana?.volumes ?? []).map((volume) => {
        const [from, to] = volume.split(':');
        return [to, from] as const;
      }),
    );
    expect(providers.map(({ options }) => mounted.get(options.path))).toEqual(['./grafana/dashboards']);
    expect(mounted.get('/usr/share/grafana/public/runbooks')).toBe('../docs/runbooks');
    const home = services.grafana?.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH;
    expect(home).toBe(`${providers[0]?.options.path}/overview.json`);
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
      names.some(({ env }) => env === name) || (/PASSWORD|AUTH/.test(name) && !name.endsWith('__FILE'));
    for (const { service } of every) {
      const given = Object.entries(service.environment).filter(([name]) => isSecret(name));
      for (const [name, value] of given) expect(String(value), name).toMatch(PASSWORD);
    }
  });

  test('of the monitoring are files, each explained where it belongs', () => {
    const used = monitoring.flatMap(({ service }) => service.secrets ?? []);
    expect(new Set(used)).toEqual(new Set(Object.keys(secretFiles)));
    const page = readFileSync('docker/secrets/README.md', 'utf8');
    for (const [name, { file }] of Object.entries(secretFiles)) {
      expect(file).toBe(`secrets/${name}`);
      expect(page).toContain(`| \`${name}\` `);
    }
    const read = ['docker/alertmanager/alertmanager.yml', 'docker/compose.yaml'].flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/: \/run\/secrets\/(\w+)/g)].map(([, name]) => name),
    );
    expect(new Set(read)).toEqual(new Set(used));
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
