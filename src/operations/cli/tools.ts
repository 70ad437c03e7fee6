import type { Open } from './applications.js';
import type { Terminal } from './terminal.js';

/** What every command is made with. */
export interface Tools {
  readonly open: Open;
  readonly terminal: Terminal;
  /** Sets the status with which the process ends, when it is not 0 although nothing was thrown. */
  readonly fail: (status: number) => void;
}
