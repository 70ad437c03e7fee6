import { Injectable } from '@nestjs/common';

/** Begins the orderly end of this process. */
export abstract class Shutdown {
  abstract begin(): void;
}

/** As whoever stops a container does: what SIGTERM sets off is told in `start()` of the application. */
@Injectable()
export class SignalShutdown extends Shutdown {
  begin(): void {
    process.kill(process.pid, 'SIGTERM');
  }
}
