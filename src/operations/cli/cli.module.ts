import { Module } from '@nestjs/common';
import { AuthModule } from '../../platform/auth/index.js';
import { KeyCommands } from './keys/key-commands.js';

/** What can be done from a terminal, without a server. */
@Module({ imports: [AuthModule], providers: [KeyCommands] })
export class CliModule {}
