import { ThrottlerStorage } from '@nestjs/throttler';
import { register } from 'prom-client';
import { openApplication } from './application.ts';

/** Decides about one request of a client. @throws Error when it was refused. */
export type Decide = (client: string) => Promise<void>;

/** The throttle of the application, at the seam at which `@nestjs/throttler` asks it. */
export async function openThrottle(
  env: Readonly<Record<string, string>>,
  stack: AsyncDisposableStack,
): Promise<Decide> {
  const app = stack.use(await openApplication('api', env));
  // Without Redis it would decide by itself, many times as fast; that must not pass for the real thing.
  stack.defer(async () => {
    const local = await localDecisions();
    if (local > 0)
      throw new Error(`${local} decisions were made without Redis, which did not answer in time`);
  });
  const storage = app.get(ThrottlerStorage) as ThrottlerStorage;
  return async (client) => {
    const { isBlocked } = await storage.increment(client, 1000 * 1000, 10_000_000, 0, 'bench');
    if (isBlocked) throw new Error(`the throttle refused ${client}, whose bucket is not empty`);
  };
}

async function localDecisions(): Promise<number> {
  const { values = [] } =
    (await register.getSingleMetric('gleaner_throttle_local_decisions_total')?.get()) ?? {};
  return values.reduce((sum, { value }) => sum + value, 0);
}
