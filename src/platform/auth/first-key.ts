import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { rmSync, writeFileSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { GleanerError, messageOf } from '../../core/errors/index.js';
import { ApiKey } from './api-key.entity.js';
import { createKey } from './api-keys.service.js';
import { type AuthConfig, authConfig } from './auth.config.js';

/** Any number that nothing else in this database locks on; the letters "keys" as a 32-bit integer. */
const FIRST_KEY_LOCK = 0x6b65_7973;

/** Injects what a person may be sitting at: standard error, of which tests take the place. */
export const OPERATORS_TERMINAL = Symbol("the operator's terminal");

export interface OperatorsTerminal {
  isTTY?: boolean;
  write(text: string): unknown;
}

class FirstKeyFileError extends GleanerError {
  readonly code = 'auth.first_key_file';
  readonly title = 'First key not written';

  constructor(file: string, cause: unknown) {
    super(
      `FIRST_KEY_FILE: expected a path at which a new file can be made, got ${file}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** How a key gets to its owner. */
interface Delivery {
  hand(key: string): void;
  /** What was handed over opens nothing after all. */
  takeBack(): void;
}

/**
 * An installation without any key gets one for an admin when it is first booted; docs/adr/0003 tells why it is shown
 * where it is, and nowhere else.
 */
@Injectable()
export class FirstKey implements OnApplicationBootstrap {
  private readonly logger = new Logger(FirstKey.name);

  constructor(
    private readonly dataSource: DataSource,
    @Inject(authConfig.token) private readonly config: AuthConfig,
    @Inject(OPERATORS_TERMINAL) private readonly terminal: OperatorsTerminal,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (await this.dataSource.getRepository(ApiKey).exists()) return;
    const delivery = this.delivery();
    if (delivery) return this.create(delivery);
    this.logger.warn(
      'There is no API key yet, so nothing can be changed through the API. Make one: npm run -s key -- create --name admin --role admin (in the image: node dist/cli.js key create …)',
    );
  }

  /** Several processes may boot at once: one holds the lock, and the others then find that there is a key. */
  private async create(delivery: Delivery): Promise<void> {
    let handed = false;
    try {
      await this.dataSource.transaction(async (manager) => {
        await manager.query('SELECT pg_advisory_xact_lock($1)', [FIRST_KEY_LOCK]);
        if (await manager.exists(ApiKey)) return;
        const { key, info } = await createKey(manager, { name: 'first key', role: 'admin', expiresAt: null });
        // Within the transaction: a key that could not be handed over must not be the one that exists.
        delivery.hand(key);
        handed = true;
        this.logger.log({ keyId: info.id }, 'the first API key has been made');
      });
    } catch (error) {
      if (handed) delivery.takeBack();
      throw error;
    }
  }

  private delivery(): Delivery | undefined {
    const { firstKeyFile } = this.config;
    if (firstKeyFile !== undefined && firstKeyFile !== '-') return toFile(firstKeyFile);
    if (firstKeyFile === '-' || this.terminal.isTTY === true) return toTerminal(this.terminal);
    return undefined;
  }
}

function toFile(file: string): Delivery {
  return {
    hand: (key) => {
      try {
        // Never over a file that is there, nor through a link that somebody has put there.
        writeFileSync(file, `${key}\n`, { mode: 0o600, flag: 'wx' });
      } catch (error) {
        throw new FirstKeyFileError(file, error);
      }
    },
    takeBack: () => rmSync(file),
  };
}

function toTerminal(terminal: OperatorsTerminal): Delivery {
  return {
    hand: (key) => {
      const lines = [
        'The first API key, for an admin. It is shown this one time:',
        '',
        key,
        '',
        'More keys: npm run -s key -- --help',
      ];
      const width = Math.max(...lines.map((line) => line.length));
      const edge = '─'.repeat(width + 2);
      const boxed = lines.map((line) => `│ ${line.padEnd(width)} │`).join('\n');
      terminal.write(`┌${edge}┐\n${boxed}\n└${edge}┘\n`);
    },
    takeBack: () => terminal.write('The key above could not be stored: it opens nothing.\n'),
  };
}
