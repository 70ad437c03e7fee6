import { ThrottlerStorage } from '@nestjs/throttler';
import { openApplication } from './application.ts';

/** Decides about one request of a client. @throws Error when it was refused. */
export type Decide = (client: string) => Promise<void>;

/** The throttle of the application, at the seam at which `@nestjs/throttler` asks it. */
export async function openThrottle(
  env: Readonly<Record<string, string>>,
  stack: AsyncDisposableStack,
): Promise<Decide> {
  const app = stack.use(await openApplication('api', env));
  const storage = app.get(ThrottlerStorage) as ThrottlerStorage;
  return async (client) => {
    const { isBlocked } = await storage.increment(client, 1000 * 1000, 10_000_000, 0, 'bench');
    if (isBlocked) throw new Error(`the throttle refused ${client}, whose bucket is not empty`);
  };
}
