import { join } from 'node:path';
import { checkGiven, pingPostgres, pingRedis } from './answering.ts';
import { chooseHome } from './home.ts';
import { Keeper } from './keeper-client.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { startPostgres } from './postgres.ts';
import { findOrInstallRedis } from './redis-binary.ts';
import { startRedis } from './redis.ts';
import { postgresUser } from './server-user.ts';

export { ServicesError } from './errors.ts';
export { findFreePort } from './free-port.ts';

export interface ServicesOptions {
  /** A folder that belongs to the servers: their data, configuration, logs and lock. Created when missing. */
  dir: string;
  /** Use a fresh folder below `dir`, without durability, and remove it at the end. Default: keep the data. */
  ephemeral?: boolean;
  /** Hears, a line each, what takes time, changes the machine or goes wrong later. Default: nobody. */
  say?: (line: string) => void;
  /** Where DATABASE_URL, REDIS_URL and PATH are read. Default: `process.env`. */
  env?: NodeJS.ProcessEnv;
}

export interface Services {
  /** `postgres://user:password@host:port/database`; what we provide belongs to a superuser of its server. */
  databaseUrl: string;
  redisUrl: string;
  /** Stops what was started here; resolves when it is down. Servers given by URL are left alone. */
  stop(): Promise<void>;
}

/**
 * Finds or provides PostgreSQL and Redis.
 *
 * DATABASE_URL and REDIS_URL are used as they are when set. Otherwise PostgreSQL 18 comes from the binaries that
 * npm installed, and Redis or Valkey from the PATH (else from the system's package manager). Both listen on
 * 127.0.0.1 only, on free ports, with random passwords, and stop when the caller does, however that ends.
 *
 * @throws ServicesError when this machine lacks something; its message says what to do.
 */
export async function provideServices(options: ServicesOptions): Promise<Services> {
  const { dir, ephemeral = false, say = () => {}, env = process.env } = options;
  // `||`: an empty variable is an unset one.
  const givenDatabase = env.DATABASE_URL || undefined;
  const givenRedis = env.REDIS_URL || undefined;
  if (givenDatabase) await checkGiven('DATABASE_URL', givenDatabase, pingPostgres);
  if (givenRedis) await checkGiven('REDIS_URL', givenRedis, pingRedis);
  if (givenDatabase && givenRedis) {
    return { databaseUrl: givenDatabase, redisUrl: givenRedis, stop: async () => {} };
  }

  const user = givenDatabase ? undefined : postgresUser(say);
  const home = await chooseHome(dir, ephemeral, user, say);
  const keeper = await Keeper.start(home, (line) => say(`${line} (logs: ${home.path})`));
  try {
    const [databaseUrl, redisUrl] = await allOrFirstFault([
      givenDatabase ? Promise.resolve(givenDatabase) : providePostgres(),
      givenRedis ? Promise.resolve(givenRedis) : provideRedis(),
    ]);
    keeper.unref();
    return { databaseUrl, redisUrl, stop: () => keeper.stop() };
  } catch (error) {
    await keeper.stop();
    throw error;
  }

  async function providePostgres(): Promise<string> {
    return startPostgres(home, keeper, await findPostgresBinaries(user), user, say);
  }

  async function provideRedis(): Promise<string> {
    const binary = await findOrInstallRedis(env.PATH ?? '', join(home.path, 'redis-install.log'), say);
    return startRedis(home, keeper, binary);
  }
}

/** Like Promise.all, but waits for both to settle: nothing may still be starting when the keeper is stopped. */
async function allOrFirstFault(starts: [Promise<string>, Promise<string>]): Promise<[string, string]> {
  const settled = await Promise.allSettled(starts);
  const fault = settled.find((result) => result.status === 'rejected');
  if (fault) throw fault.reason;
  return Promise.all(starts);
}
