export { UsageError } from './cli.errors.js';
export { CliModule } from './cli.module.js';
export { KEY_HELP, parseKeyCommand } from './key-command.js';
export { KeyCommands, type Terminal } from './key-commands.js';
