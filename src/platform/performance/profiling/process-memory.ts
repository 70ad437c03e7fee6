import { Injectable } from '@nestjs/common';

/** Bytes of this process: what its heap uses, and what the system or its container would still give it. */
@Injectable()
export class ProcessMemory {
  heapUsed(): number {
    return process.memoryUsage().heapUsed;
  }

  available(): number {
    return process.availableMemory();
  }
}
