import type { Type } from '@nestjs/common';

/** What a command gets of the application: it is booted, without a server, when the first one is asked for. */
export interface Services extends AsyncDisposable {
  get<T>(type: Type<T> | (abstract new (...args: never[]) => T)): Promise<T>;
}
